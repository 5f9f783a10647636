package objects

import (
	"context"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

// openGates opens the gates round by round of the wishes, and last those of pods without a wish.
func (h *spreadHandler) openGates(ctx context.Context, selected map[string]string, progress func(string)) error {
	mirrors := h.set(h.action.Spread.Mirrors)
	// Once the controller has seen the template without the gate, it makes no more gated pods.
	observed, err := h.pods.Revisions.Observed(ctx, mirrors.Name)
	if err != nil {
		return err
	}
	pods, err := h.pods.List(ctx)
	if err != nil {
		return err
	}
	waiting := gatedPods(pods)
	wishes := h.action.Spread.Topology.Wishes(nodesOf(pods, selected))
	for _, round := range append(wishes, withoutWish(wishes, waiting)) {
		err := engine.Each(ctx, round, func(ctx context.Context, _ int, wish topology.Wish) error {
			pod := waiting[wish.Pod]
			if pod == nil {
				return nil
			}
			patch, err := plan.Released(pod, wish.Node, mirrors, observed.Status.UpdateRevision)
			if err != nil {
				return err
			}
			return patchPod(ctx, h.kube, pod.Name, patch)
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

// patchPod patches a pod, unless it is gone: its StatefulSet makes another one, without a gate.
func patchPod(ctx context.Context, k *kube.Client, name string, patch []byte) error {
	options := metav1.PatchOptions{FieldManager: kube.Manager}
	_, err := k.API.CoreV1().Pods(k.Ref.Namespace).Patch(ctx, name, types.MergePatchType, patch, options)
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("pod %s: %w", name, err)
	}
	return nil
}

// withoutWish are the waiting pods that have no wish.
func withoutWish(wishes [][]topology.Wish, waiting map[string]*corev1.Pod) []topology.Wish {
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

// gatedPods are the pods that wait for gpk to open their gates, by name.
func gatedPods(pods []corev1.Pod) map[string]*corev1.Pod {
	waiting := map[string]*corev1.Pod{}
	for i := range pods {
		if plan.IsGated(&pods[i].Spec) && pods[i].DeletionTimestamp == nil {
			waiting[pods[i].Name] = &pods[i]
		}
	}
	return waiting
}
