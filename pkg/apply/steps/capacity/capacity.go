// Package capacity owns the question whether a cluster's pods would start: whether storage, quotas and nodes have room for them.
package capacity

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/fit"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/plan"
)

// Register adds the handler of plan.Capacity.
func Register(r engine.Handlers, k *kube.Client, p *pods.Pods) {
	engine.Handle(r, func(a plan.Capacity) engine.Handler { return &capacityHandler{kube: k, pods: p, action: a} })
}

// capacityHandler blocks pods that would stay pending. gpk needs no right beyond its namespace: what the user may not see is a note, and no
// reason for a no.
type capacityHandler struct {
	engine.Nothing
	kube   *kube.Client
	pods   *pods.Pods
	action plan.Capacity
}

func (h *capacityHandler) Check(ctx context.Context) (engine.Finding, error) {
	pods, err := h.pods.List(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	var replaced []*corev1.Pod
	if h.action.Anew {
		if replaced, err = h.pods.Revisions.ToReplace(ctx, h.action.Sets); err != nil {
			return engine.Finding{}, err
		}
		pods = withoutPods(pods, replaced)
	}
	missing := h.missing(pods)
	if len(missing) == 0 {
		return engine.Finding{State: engine.Done}, nil
	}
	return h.judge(ctx, missing, replaced)
}

// judge says why the missing pods would stay pending.
func (h *capacityHandler) judge(ctx context.Context, missing []wantedPod, replaced []*corev1.Pod) (engine.Finding, error) {
	storage, err := readStorage(ctx, h.kube, h.action.Sets)
	if err != nil {
		return engine.Finding{}, err
	}
	quotas, err := readQuotas(ctx, h.kube)
	if err != nil {
		return engine.Finding{}, err
	}
	nodes, err := readNodes(ctx, h.kube, h.action.Sets)
	if err != nil {
		return engine.Finding{}, err
	}
	next := "nothing was made: fix that, or change cluster.yaml, and run this again"
	faults, notes := storage.faults(missing)
	reasons := slices.Concat(nodes.faults, faults, quotas.exceeded(missing, replaced, storage.claims))
	if nodes.all != nil {
		running := withoutPods(nodes.running, replaced)
		answer := fit.Ask(fit.Question{Sets: h.action.Sets, Nodes: nodes.all, Running: running, Bound: storage.bound(missing)})
		if len(answer.No) > 0 {
			next = "nothing was made: give the pods room, or ask for less in cluster.yaml (count, resources, antiAffinity, nodeSelector); " +
				"if an autoscaler adds nodes, --skip-capacity skips this check"
		}
		reasons = append(reasons, answer.No...)
		notes = append(notes, engine.NonEmpty([]string{answer.Unsure})...)
	}
	notes = slices.Concat(h.action.Notes, notes, nodes.unseen())
	if len(reasons) == 0 {
		return engine.Finding{State: engine.Done, Details: notes}, nil
	}
	return engine.Finding{State: engine.Blocked, Details: reasons, Notes: notes, Next: engine.Next(next)}, nil
}

func withoutPods(pods []corev1.Pod, gone []*corev1.Pod) []corev1.Pod {
	return slices.DeleteFunc(pods, func(p corev1.Pod) bool {
		return slices.ContainsFunc(gone, func(g *corev1.Pod) bool { return g.UID == p.UID })
	})
}

// wantedPod is a pod that does not exist yet.
type wantedPod struct {
	name   string
	claims []corev1.PersistentVolumeClaim
	// spec is that of its stateful set, and the same for all of its pods.
	spec *corev1.PodSpec
}

func (h *capacityHandler) missing(live []corev1.Pod) []wantedPod {
	exists := map[string]bool{}
	for i := range live {
		exists[live[i].Name] = true
	}
	var missing []wantedPod
	for _, set := range h.action.Sets {
		for _, name := range pods.Of(set) {
			if !exists[name] {
				missing = append(missing, wantedPod{name, set.Spec.VolumeClaimTemplates, &set.Spec.Template.Spec})
			}
		}
	}
	return missing
}
