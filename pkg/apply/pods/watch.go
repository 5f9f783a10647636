package pods

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/cache"

	"gpk/pkg/apply/kube"
)

// Watch sees every change of a cluster's pods. All waits share one informer, which the first of them starts: a list of thousands of pods
// for each wait would be slow.
type Watch struct {
	kube  *kube.Client
	mutex sync.Mutex
	pods  cache.Store
	// changed is closed, and replaced, at each change.
	changed chan struct{}
	synced  cache.InformerSynced
}

// lookAgain is how long Await waits for a change before it looks at the same pods again: some limits are times.
const lookAgain = 10 * time.Second

// Await calls look with the cluster's pods by name until it returns true or an error: at once, after every change, and every 10 seconds
// without one. client-go's UntilWithSync lists the pods again for each wait, and wakes at changes only.
func (w *Watch) Await(ctx context.Context, look func(map[string]*corev1.Pod) (bool, error)) error {
	if err := w.start(ctx); err != nil {
		return fmt.Errorf("watching pods: %w", err)
	}
	for {
		change := w.nextChange()
		pods := map[string]*corev1.Pod{}
		for _, object := range w.pods.List() {
			if pod, ok := object.(*corev1.Pod); ok {
				pods[pod.Name] = pod
			}
		}
		if done, err := look(pods); done || err != nil {
			return err
		}
		select {
		case <-change:
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// start starts the informer, unless it runs, and waits until it has listed the pods.
func (w *Watch) start(ctx context.Context) (err error) {
	w.mutex.Lock()
	if w.pods == nil {
		w.changed = make(chan struct{})
		w.pods, w.synced, err = follow(context.WithoutCancel(ctx), w.kube, "pods", &corev1.Pod{}, func(any) { w.wake() })
	}
	w.mutex.Unlock()
	if err == nil && !cache.WaitForCacheSync(ctx.Done(), w.synced) {
		return context.Cause(ctx)
	}
	return err
}

// follow keeps a store of the cluster's objects of a resource until ctx ends, and calls see with each that is new, changed or deleted.
func follow(ctx context.Context, k *kube.Client, resource string, like runtime.Object, see func(any)) (
	cache.Store, cache.InformerSynced, error) {
	objects := cache.NewFilteredListWatchFromClient(k.API.CoreV1().RESTClient(), resource, k.Ref.Namespace,
		func(o *metav1.ListOptions) { o.LabelSelector = k.Selector() })
	informer := cache.NewSharedIndexInformer(objects, like, 0, cache.Indexers{})
	registration, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: see, UpdateFunc: func(_, object any) { see(object) }, DeleteFunc: see})
	if err != nil {
		return nil, nil, err
	}
	go informer.RunWithContext(ctx)
	return informer.GetStore(), registration.HasSynced, nil
}

// wake has every wait look again.
func (w *Watch) wake() {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	close(w.changed)
	w.changed = make(chan struct{})
}

func (w *Watch) nextChange() <-chan struct{} {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	return w.changed
}
