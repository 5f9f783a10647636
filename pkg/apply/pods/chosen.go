package pods

import (
	"context"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
)

// selectedNodeAnnotation is how the scheduler tells a provisioner for which node a claim's volume is wanted. A pod has no node
// before it has its volumes, and in clouds that takes its time.
const selectedNodeAnnotation = "volume.kubernetes.io/selected-node"

// chosenNodes are the nodes on which volumes are or were being made, by their claims. What a claim says that had its volume
// before is of the past.
type chosenNodes struct {
	mutex   sync.Mutex
	byClaim map[string]string
}

// WatchChosen notes which nodes the scheduler chooses for the cluster's volumes, until it is stopped. A volume may be there a moment
// after its node was chosen, and its pod has the node only a second later: so every change counts. Whoever waits for pods is told.
func (p *Pods) WatchChosen(ctx context.Context) (chosen *chosenNodes, stop func(), err error) {
	if _, err := p.watch(ctx); err != nil {
		return nil, nil, fmt.Errorf("watching pods: %w", err)
	}
	factory := informers.NewSharedInformerFactoryWithOptions(p.kube.API, 0, informers.WithNamespace(p.kube.Ref.Namespace),
		informers.WithTweakListOptions(func(o *metav1.ListOptions) { o.LabelSelector = p.kube.Selector() }))
	informer := factory.Core().V1().PersistentVolumeClaims().Informer()
	chosen = &chosenNodes{byClaim: map[string]string{}}
	note := func(object any) {
		if claim, ok := object.(*corev1.PersistentVolumeClaim); ok {
			chosen.note(claim)
			p.notify()
		}
	}
	noting := cache.ResourceEventHandlerFuncs{AddFunc: note, UpdateFunc: func(_, object any) { note(object) }}
	registration, err := informer.AddEventHandler(noting)
	if err != nil {
		return nil, nil, err
	}
	watching, stop := context.WithCancel(ctx)
	go informer.RunWithContext(watching)
	if !cache.WaitForCacheSync(ctx.Done(), registration.HasSynced) {
		stop()
		return nil, nil, context.Cause(ctx)
	}
	return chosen, stop, nil
}

func (c *chosenNodes) note(claim *corev1.PersistentVolumeClaim) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	switch node := claim.Annotations[selectedNodeAnnotation]; {
	case node == "":
		// Nothing was chosen yet, or it could not be made there and the scheduler begins anew.
		delete(c.byClaim, claim.Name)
	case claim.Status.Phase == corev1.ClaimPending:
		c.byClaim[claim.Name] = node
	}
}

// Of is the node that was chosen for a pod's volume, "" if none was.
func (c *chosenNodes) Of(pod *corev1.Pod) string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, volume := range pod.Spec.Volumes {
		if volume.PersistentVolumeClaim == nil {
			continue
		}
		if node := c.byClaim[volume.PersistentVolumeClaim.ClaimName]; node != "" {
			return node
		}
	}
	return ""
}
