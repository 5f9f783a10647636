package capacity

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/fit"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/plan"
)

// capacityHandler says no to what would stay pending. It has nothing to do: its Check is either done or blocked. What the
// user has no right to see is not held against the plan, and said.
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
	var old []*corev1.Pod
	if h.action.Anew {
		if old, err = h.pods.ToReplace(ctx, h.action.Sets); err != nil {
			return engine.Finding{}, err
		}
		pods = withoutPods(pods, old)
	}
	missing := h.missing(pods)
	if len(missing) == 0 {
		return engine.Finding{State: engine.Done}, nil
	}
	seen, err := newSurvey(ctx, h.kube, h.action.Sets)
	if err != nil {
		return engine.Finding{}, err
	}
	next := "nothing was made: mend that, or change cluster.yaml, and run this again"
	reasons, notes := seen.storage(missing)
	seen.running = withoutPods(seen.running, old)
	reasons = append(reasons, seen.beyondQuota(missing, old)...)
	if seen.nodes != nil {
		answer := fit.Ask(fit.Question{Sets: h.action.Sets, Nodes: seen.nodes, Running: seen.running, Bound: seen.bound(missing)})
		if len(answer.No) > 0 {
			next = "nothing was made: give the pods room, or ask for less in cluster.yaml (count, resources, antiAffinity, nodeSelector); " +
				"where an autoscaler will add nodes, --skip-capacity goes on regardless"
		}
		reasons = append(reasons, answer.No...)
		if answer.Unsure != "" {
			notes = append(notes, answer.Unsure)
		}
	}
	notes = append(slices.Concat(h.action.Notes, notes), seen.unseen()...)
	if len(reasons) == 0 {
		return engine.Finding{State: engine.Done, Details: notes}, nil
	}
	return engine.Finding{State: engine.Blocked, Details: append([]string{strings.Join(reasons, "; moreover ")}, notes...), Next: engine.Next(next)}, nil
}

// withoutPods is pods without some of them.
func withoutPods(pods []corev1.Pod, gone []*corev1.Pod) []corev1.Pod {
	return slices.DeleteFunc(pods, func(p corev1.Pod) bool {
		return slices.ContainsFunc(gone, func(g *corev1.Pod) bool { return g.UID == p.UID })
	})
}

// wantedPod is a pod that is still to be made, or to be given a node.
type wantedPod struct {
	name   string
	claims []corev1.PersistentVolumeClaim
	// spec is that of its stateful set, and the same for all of them.
	spec *corev1.PodSpec
}

func (h *capacityHandler) missing(pods []corev1.Pod) []wantedPod {
	there := map[string]bool{}
	for i := range pods {
		there[pods[i].Name] = true
	}
	var missing []wantedPod
	for _, set := range h.action.Sets {
		for ordinal := range *set.Spec.Replicas {
			if name := fmt.Sprintf("%s-%d", set.Name, ordinal); !there[name] {
				missing = append(missing, wantedPod{name, set.Spec.VolumeClaimTemplates, &set.Spec.Template.Spec})
			}
		}
	}
	return missing
}
