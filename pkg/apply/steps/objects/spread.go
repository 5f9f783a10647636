package objects

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/plan"
)

// nodePatience is how long gpk waits without any pod getting a node, before it continues without all nodes. Making a volume for a pod
// takes some of it.
const nodePatience = 30 * time.Second

// spreadHandler makes StatefulSets, and names to each new mirror pod the node that it should prefer: see plan.Spread. The scheduler may
// choose another node, and no pod stays unscheduled because of it.
type spreadHandler struct {
	applyHandler
	pods     *pods.Pods
	patience time.Duration
}

func (h *spreadHandler) Check(ctx context.Context) (engine.Finding, error) {
	finding, err := h.applyHandler.Check(ctx)
	if err != nil || finding.State == engine.Blocked {
		return finding, err
	}
	pods, err := h.pods.List(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	for _, pod := range slices.Sorted(maps.Keys(gatedPods(pods))) {
		finding.Details = append(finding.Details, "pod "+pod+" waits for gpk to name its preferred node")
	}
	return engine.PendingIf(finding.Details), nil
}

// Do makes the sets, and opens the gates of the mirrors' pods. A gpk that is killed leaves gated pods behind, which Check finds.
func (h *spreadHandler) Do(ctx context.Context, progress func(string)) error {
	selected := map[string]string{}
	gated, err := h.makeGated(ctx, selected, progress)
	if err != nil {
		return err
	}
	if err := h.applyHandler.Do(ctx, progress); err != nil {
		return err
	}
	pods, err := h.pods.List(ctx)
	if err != nil || !gated && len(gatedPods(pods)) == 0 {
		return err
	}
	return h.openGates(ctx, selected, progress)
}

// makeGated makes the StatefulSets, that of the mirrors with the gate. It waits until the mirrors' pods exist and the scheduler has
// selected nodes for the primaries, and notes these in selected. It does nothing if the mirrors' StatefulSet exists without the gate, or
// if there are fewer than three nodes.
func (h *spreadHandler) makeGated(ctx context.Context, selected map[string]string, progress func(string)) (gated bool, err error) {
	primaries, mirrors := h.set(h.action.Spread.Primaries), h.set(h.action.Spread.Mirrors)
	live, err := h.kube.Live(ctx, mirrors)
	if err != nil || len(pods.Of(mirrors)) == 0 || live != nil && !plan.IsGated(&live.(*appsv1.StatefulSet).Spec.Template.Spec) {
		return false, err
	}
	if few, err := fewNodes(ctx, h.kube); few || err != nil {
		return false, err
	}
	with, err := plan.Gated(mirrors)
	if err != nil {
		return false, err
	}
	nodes, stop, err := h.pods.Watch.SelectedNodes(ctx)
	if err != nil {
		return false, err
	}
	defer stop()
	first := applyHandler{kube: h.kube, action: plan.Apply{Objects: slices.Clone(h.action.Objects)}}
	first.action.Objects[slices.Index(h.action.Objects, plan.Object(mirrors))] = with
	if err := first.Do(ctx, progress); err != nil {
		return false, err
	}
	names := slices.Concat(pods.Of(primaries), pods.Of(mirrors))
	placed := func(pod *corev1.Pod) bool {
		selected[pod.Name] = cmp.Or(pod.Spec.NodeName, nodes.Of(pod))
		return selected[pod.Name] != "" || plan.IsGated(&pod.Spec)
	}
	all, err := h.awaitNodes(ctx, names, placed, func(waiting []string) {
		progress(fmt.Sprintf("%d of %d pods are not scheduled yet; %s", len(waiting), len(names), waiting[0]))
	})
	if err == nil && !all {
		progress("stopped waiting: mirrors of unscheduled primaries get no preferred node")
	}
	return true, err
}

// fewNodes says whether there are certainly fewer than three nodes. A user without the right to list nodes does not know.
func fewNodes(ctx context.Context, k *kube.Client) (bool, error) {
	list, err := k.API.CoreV1().Nodes().List(ctx, metav1.ListOptions{Limit: 3})
	if err != nil {
		return false, kube.UnlessForbidden("nodes", err)
	}
	return len(list.Items) < 3, nil
}

// report reports how far the mirrors are spread, once they are scheduled. The next step reports why a mirror does not run.
func (h *spreadHandler) report(ctx context.Context, progress func(string)) error {
	mirrors := pods.Of(h.set(h.action.Spread.Mirrors))
	scheduled := func(pod *corev1.Pod) bool { return pod.Spec.NodeName != "" }
	_, err := h.awaitNodes(ctx, mirrors, scheduled, func(waiting []string) {
		progress(fmt.Sprintf("%d of %d mirror pods are scheduled", len(mirrors)-len(waiting), len(mirrors)))
	})
	if err != nil {
		return err
	}
	pods, err := h.pods.List(ctx)
	if err != nil {
		return err
	}
	for _, node := range h.action.Spread.Topology.Crowded(nodesOf(pods, nil)) {
		progress(fmt.Sprintf("all mirrors of the primaries on node %[1]s are on one other node, which would carry the load of both if %[1]s "+
			"were lost", node))
	}
	return nil
}

// awaitNodes waits until all of the pods are placed. It gives up if no further pod is placed within the patience. say gets what gpk
// waits for, each time that this changes.
func (h *spreadHandler) awaitNodes(ctx context.Context, names []string, placed func(*corev1.Pod) bool,
	say func(waiting []string)) (all bool, err error) {
	patient, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	timer := time.AfterFunc(h.patience, func() { stop(errNoNodes) })
	defer timer.Stop()
	last := -1
	err = h.pods.Watch.Await(patient, func(list map[string]*corev1.Pod) (bool, error) {
		waiting := pods.Unfinished(names, list, placed, pods.Condition)
		if len(waiting) != last && len(waiting) > 0 {
			last = len(waiting)
			timer.Reset(h.patience)
			say(waiting)
		}
		return len(waiting) == 0, nil
	})
	if errors.Is(err, errNoNodes) {
		return false, nil
	}
	return err == nil, err
}

var errNoNodes = errors.New("no pod was scheduled within the patience")

// set is a StatefulSet of the step by its name.
func (h *spreadHandler) set(name string) *appsv1.StatefulSet {
	for _, object := range h.action.Objects {
		if set, ok := object.(*appsv1.StatefulSet); ok && set.Name == name {
			return set
		}
	}
	return &appsv1.StatefulSet{}
}

// nodesOf are the nodes of pods, or those that the scheduler selected for them.
func nodesOf(pods []corev1.Pod, selected map[string]string) func(pod string) string {
	nodes := map[string]string{}
	for i := range pods {
		nodes[pods[i].Name] = cmp.Or(pods[i].Spec.NodeName, selected[pods[i].Name])
	}
	return func(pod string) string { return nodes[pod] }
}
