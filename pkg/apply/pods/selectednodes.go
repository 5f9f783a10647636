package pods

import (
	"context"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/cache"
)

// selectedNodeAnnotation is how the scheduler tells a provisioner on which node a claim needs its volume. A pod gets its node after its
// volumes, and clouds take a while to make them.
const selectedNodeAnnotation = "volume.kubernetes.io/selected-node"

// SelectedNodes are the nodes that the scheduler selected for volumes, by claim. The annotation of a claim with an older volume is out of
// date.
type SelectedNodes struct {
	mutex   sync.Mutex
	byClaim map[string]string
}

// SelectedNodes notes which nodes the scheduler selects for the cluster's volumes, until stop is called. A volume may exist a moment after
// its node was selected, and its pod has the node only a second later: so every change counts, and wakes the waits.
func (w *Watch) SelectedNodes(ctx context.Context) (nodes *SelectedNodes, stop func(), err error) {
	if err := w.start(ctx); err != nil {
		return nil, nil, fmt.Errorf("watching pods: %w", err)
	}
	nodes = &SelectedNodes{byClaim: map[string]string{}}
	watching, stop := context.WithCancel(ctx)
	_, synced, err := follow(watching, w.kube, "persistentvolumeclaims", &corev1.PersistentVolumeClaim{}, func(object any) {
		if claim, ok := object.(*corev1.PersistentVolumeClaim); ok {
			nodes.note(claim)
			w.wake()
		}
	})
	if err == nil && !cache.WaitForCacheSync(ctx.Done(), synced) {
		err = context.Cause(ctx)
	}
	if err != nil {
		stop()
		return nil, nil, fmt.Errorf("watching volume claims: %w", err)
	}
	return nodes, stop, nil
}

func (s *SelectedNodes) note(claim *corev1.PersistentVolumeClaim) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	switch node := claim.Annotations[selectedNodeAnnotation]; {
	case node == "":
		// No node is selected yet, or the volume could not be made there and the scheduler begins again.
		delete(s.byClaim, claim.Name)
	case claim.Status.Phase == corev1.ClaimPending:
		s.byClaim[claim.Name] = node
	}
}

// Of is the node that was selected for a pod's volume, "" if none was.
func (s *SelectedNodes) Of(pod *corev1.Pod) string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, volume := range pod.Spec.Volumes {
		if claim := volume.PersistentVolumeClaim; claim != nil && s.byClaim[claim.ClaimName] != "" {
			return s.byClaim[claim.ClaimName]
		}
	}
	return ""
}
