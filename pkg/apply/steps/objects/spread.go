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

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

// nodePatience is how long no pod may get a node before gpk goes on without knowing where all will run. A volume that is made
// for a pod takes some of it.
const nodePatience = 30 * time.Second

// spreadHandler makes StatefulSets, and tells each of the mirrors' pods that are made with them on which node it would best
// run: see plan.Spread. What it wishes for is never more than a wish, and no pod stays behind for it.
type spreadHandler struct {
	applyHandler
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
	for _, pod := range gatedPods(pods) {
		finding.Details = append(finding.Details, "pod "+pod.Name+" waits for gpk to say on which node it would best run")
	}
	return engine.PendingIf(finding.Details), nil
}

// Do takes the gate out of the template before it opens those of the pods, so that no pod is made with one any more while
// it does. A gpk that dies in between leaves gates behind, which say what is left to do.
func (h *spreadHandler) Do(ctx context.Context, progress func(string)) error {
	chosen := map[string]string{}
	gated, err := h.hold(ctx, chosen, progress)
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
	return h.release(ctx, chosen, progress)
}

// hold makes the StatefulSets, that of the mirrors with the gate, and waits until its pods are there and nodes are chosen for
// the primaries', which it notes. It does nothing if the mirrors' StatefulSet is there without the gate, or if the nodes are too
// few.
func (h *spreadHandler) hold(ctx context.Context, chosen map[string]string, progress func(string)) (gated bool, err error) {
	primaries, mirrors := h.set(h.action.Spread.Primaries), h.set(h.action.Spread.Mirrors)
	live, err := h.kube.Live(ctx, mirrors)
	if err != nil || len(pods.PodsOf(mirrors)) == 0 || live != nil && !plan.IsGated(&live.(*appsv1.StatefulSet).Spec.Template.Spec) {
		return false, err
	}
	if few, err := h.kube.FewNodes(ctx); few || err != nil {
		return false, err
	}
	with, err := plan.Gated(mirrors)
	if err != nil {
		return false, err
	}
	claims, stop, err := h.pods.WatchChosen(ctx)
	if err != nil {
		return false, err
	}
	defer stop()
	first := applyHandler{kube: h.kube, pods: h.pods, action: plan.Apply{Objects: slices.Clone(h.action.Objects)}}
	first.action.Objects[slices.Index(h.action.Objects, plan.Object(mirrors))] = with
	if err := first.Do(ctx, progress); err != nil {
		return false, err
	}
	pods := slices.Concat(pods.PodsOf(primaries), pods.PodsOf(mirrors))
	fine := func(pod *corev1.Pod) bool {
		chosen[pod.Name] = cmp.Or(pod.Spec.NodeName, claims.Of(pod))
		return chosen[pod.Name] != "" || plan.IsGated(&pod.Spec)
	}
	known, err := h.awaitNodes(ctx, pods, fine, func(waiting []string) {
		progress(fmt.Sprintf("%d of %d pods have no node yet, nor wait for gpk to name one; %s", len(waiting), len(pods), waiting[0]))
	})
	if err == nil && !known {
		progress("they are not waited for any longer: nothing is wished for mirrors whose primaries have no node")
	}
	return true, err
}

// release opens the gates round by round of what is wished for, and last those of pods without a wish.
func (h *spreadHandler) release(ctx context.Context, chosen map[string]string, progress func(string)) error {
	mirrors := h.set(h.action.Spread.Mirrors)
	// Once the controller has seen the template without the gate, every pod that has one is there.
	revision, err := h.pods.UpdateRevision(ctx, mirrors.Name)
	if err != nil {
		return err
	}
	pods, err := h.pods.List(ctx)
	if err != nil {
		return err
	}
	waiting := map[string]*corev1.Pod{}
	for _, pod := range gatedPods(pods) {
		waiting[pod.Name] = pod
	}
	wishes := h.action.Spread.Topology.Wishes(nodesOf(pods, chosen))
	for _, round := range append(wishes, without(wishes, waiting)) {
		err := engine.Each(ctx, round, func(ctx context.Context, _ int, wish topology.Wish) error {
			pod := waiting[wish.Pod]
			if pod == nil {
				return nil
			}
			patch, err := plan.Released(pod, wish.Node, mirrors, revision)
			if err != nil {
				return err
			}
			return h.pods.Patch(ctx, pod.Name, patch)
		})
		if err != nil {
			return err
		}
	}
	if len(wishes) == 0 {
		return nil
	}
	return h.report(ctx, progress)
}

// without are the pods that wait and have no wish.
func without(wishes [][]topology.Wish, waiting map[string]*corev1.Pod) []topology.Wish {
	others := maps.Clone(waiting)
	for _, wish := range slices.Concat(wishes...) {
		delete(others, wish.Pod)
	}
	var round []topology.Wish
	for _, pod := range slices.Sorted(maps.Keys(others)) {
		round = append(round, topology.Wish{Pod: pod})
	}
	return round
}

// report says what became of the wishes, as soon as the scheduler has answered them. What keeps a mirror from running is for
// the next step to say.
func (h *spreadHandler) report(ctx context.Context, progress func(string)) error {
	mirrors := pods.PodsOf(h.set(h.action.Spread.Mirrors))
	fine := func(pod *corev1.Pod) bool { return pod.Spec.NodeName != "" }
	_, err := h.awaitNodes(ctx, mirrors, fine, func(waiting []string) {
		progress(fmt.Sprintf("%d of %d mirrors' pods have a node", len(mirrors)-len(waiting), len(mirrors)))
	})
	if err != nil {
		return err
	}
	pods, err := h.pods.List(ctx)
	if err != nil {
		return err
	}
	for _, node := range h.action.Spread.Topology.Crowded(nodesOf(pods, nil)) {
		progress(fmt.Sprintf("the mirrors of all primaries on node %[1]s are on one other node, which would have the load of both if %[1]s "+
			"were lost", node))
	}
	return nil
}

// awaitNodes waits until all of the pods are fine, and gives up when that has become true of none for some time. say is told
// what is waited for, each time that this is something else.
func (h *spreadHandler) awaitNodes(ctx context.Context, names []string, fine func(*corev1.Pod) bool,
	say func(waiting []string)) (all bool, err error) {
	patient, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	timer := time.AfterFunc(h.patience, func() { stop(errNoNodes) })
	defer timer.Stop()
	last := -1
	err = h.pods.Await(patient, func(list map[string]*corev1.Pod) (bool, error) {
		waiting := pods.Unfinished(names, list, fine, pods.Condition)
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

// errNoNodes ends the waiting for nodes.
var errNoNodes = errors.New("no pod has been given a node for some time")

// set is a StatefulSet of the step by its name.
func (h *spreadHandler) set(name string) *appsv1.StatefulSet {
	for _, object := range h.action.Objects {
		if set, ok := object.(*appsv1.StatefulSet); ok && set.Name == name {
			return set
		}
	}
	return &appsv1.StatefulSet{}
}

// gatedPods are the pods that wait for gpk.
func gatedPods(pods []corev1.Pod) []*corev1.Pod {
	var waiting []*corev1.Pod
	for i := range pods {
		if plan.IsGated(&pods[i].Spec) && pods[i].DeletionTimestamp == nil {
			waiting = append(waiting, &pods[i])
		}
	}
	return waiting
}

// nodesOf says where pods run or, where they do not yet, which nodes have been chosen for them.
func nodesOf(pods []corev1.Pod, chosen map[string]string) func(pod string) string {
	nodes := map[string]string{}
	for i := range pods {
		nodes[pods[i].Name] = cmp.Or(pods[i].Spec.NodeName, chosen[pods[i].Name])
	}
	return func(pod string) string { return nodes[pod] }
}
