package objects

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/plan"
)

// outdated are the pods that run and were made from an earlier template.
func (h *runningHandler) outdated(ctx context.Context) ([]*corev1.Pod, error) {
	return h.pods.Revisions.Outdated(ctx, h.action.Pods, pods.Running)
}

// ofSets says which pods of each StatefulSet are outdated.
func ofSets(outdated []*corev1.Pod) []string {
	var sets []string
	count, first := map[string]int{}, map[string]string{}
	for _, pod := range outdated {
		set := metav1.GetControllerOf(pod).Name
		if count[set]++; count[set] == 1 {
			sets, first[set] = append(sets, set), pod.Name
		}
	}
	for i, set := range sets {
		sets[i] = fmt.Sprintf("pod %s was made from an earlier template of StatefulSet/%s", first[set], set)
		if others := count[set] - 1; others > 0 {
			sets[i] = fmt.Sprintf("pod %s and %d more were made from an earlier template of StatefulSet/%s", first[set], others, set)
		}
	}
	return sets
}

// renew recreates the outdated pods, as long as there is no database: it would be made with the settings of one cluster.yaml in pods with
// the resources, the locale and the hosts of another. Without a coordinator's pod that can say so, it recreates those with empty volumes.
func (h *runningHandler) renew(ctx context.Context, progress func(string)) (renewed bool, err error) {
	if h.action.Unmade == nil {
		return false, nil
	}
	outdated, err := h.outdated(ctx)
	if err != nil || len(outdated) == 0 {
		return false, err
	}
	if made, err := h.db.Made(ctx, *h.action.Unmade); made || err != nil {
		return false, err
	}
	coordinators, err := h.db.RunningCoordinatorPods(ctx)
	if err != nil {
		return false, err
	}
	if len(coordinators) == 0 {
		names := make([]string, len(outdated))
		for i, pod := range outdated {
			names[i] = pod.Name
		}
		empty, err := h.db.Empty(ctx, h.action.Unmade.Instances, names)
		if err != nil {
			return false, err
		}
		outdated = slices.DeleteFunc(outdated, func(pod *corev1.Pod) bool { return !slices.Contains(empty, pod.Name) })
	}
	if len(outdated) == 0 {
		return false, nil
	}
	for _, line := range ofSets(outdated) {
		progress(line + "; there is no database yet, so gpk recreates it")
	}
	return true, h.replace(ctx, outdated, progress)
}

// replace also waits until the watch knows that the pods are gone. A wait that follows would take the old ones for the new ones.
func (h *runningHandler) replace(ctx context.Context, outdated []*corev1.Pod, progress func(string)) error {
	if err := h.pods.Replace(ctx, outdated, progress); err != nil {
		return err
	}
	old := map[string]types.UID{}
	for _, pod := range outdated {
		old[pod.Name] = pod.UID
	}
	return h.pods.Watch.Await(ctx, func(list map[string]*corev1.Pod) (bool, error) {
		for name, uid := range old {
			if pod := list[name]; pod != nil && pod.UID == uid {
				return false, nil
			}
		}
		return true, nil
	})
}

// Compared also finds outdated pods of a database. No command recreates these while it runs.
func (h *runningHandler) Compared(ctx context.Context) ([]engine.Drift, error) {
	finding, err := h.Check(ctx)
	if err != nil || finding.State != engine.Done || h.action.Unmade == nil {
		return engine.DriftOf(finding), err
	}
	outdated, err := h.outdated(ctx)
	return engine.DriftOf(engine.Finding{State: engine.Pending, Details: ofSets(outdated), Next: engine.Next(
		"pods are recreated while the database is down: run ", plan.Gpk("stop", "--scale-to-zero"), ", then ", plan.Gpk("start"))}), err
}
