package apply

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
)

// selectedNodeAnnotation is how the scheduler tells a provisioner for which node a claim's volume is wanted. A pod has no node
// before it has its volumes, and in clouds that takes its time.
const selectedNodeAnnotation = "volume.kubernetes.io/selected-node"

// watchClaims keeps the cluster's volume claims in a store until it is stopped. Whoever waits for pods is told of changes.
func (t *Target) watchClaims(ctx context.Context) (claims cache.Store, stop func(), err error) {
	if _, err := t.watchPods(ctx); err != nil {
		return nil, nil, fmt.Errorf("watching pods: %w", err)
	}
	factory := informers.NewSharedInformerFactoryWithOptions(t.client, 0, informers.WithNamespace(t.Ref.Namespace),
		informers.WithTweakListOptions(func(o *metav1.ListOptions) { o.LabelSelector = t.selector() }))
	informer := factory.Core().V1().PersistentVolumeClaims().Informer()
	notify := cache.ResourceEventHandlerFuncs{AddFunc: func(any) { t.notify() }, UpdateFunc: func(any, any) { t.notify() }}
	if _, err := informer.AddEventHandler(notify); err != nil {
		return nil, nil, err
	}
	watching, stop := context.WithCancel(ctx)
	go informer.RunWithContext(watching)
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		stop()
		return nil, nil, context.Cause(ctx)
	}
	return informer.GetStore(), stop, nil
}

// selectedNode is the node on which a pod's volume is being made, "" if none is. What a claim says that has its volume is of
// the past.
func selectedNode(pod *corev1.Pod, claims cache.Store) string {
	for _, volume := range pod.Spec.Volumes {
		if volume.PersistentVolumeClaim == nil {
			continue
		}
		object, found, err := claims.GetByKey(pod.Namespace + "/" + volume.PersistentVolumeClaim.ClaimName)
		claim, ok := object.(*corev1.PersistentVolumeClaim)
		if err == nil && found && ok && claim.Status.Phase == corev1.ClaimPending && claim.Annotations[selectedNodeAnnotation] != "" {
			return claim.Annotations[selectedNodeAnnotation]
		}
	}
	return ""
}

// fewNodes says whether there are certainly less than three nodes. Who may not list nodes does not know.
func (t *Target) fewNodes(ctx context.Context) (bool, error) {
	list, err := t.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{Limit: 3})
	if err != nil {
		return false, unlessForbidden("nodes", err)
	}
	return len(list.Items) < 3, nil
}
