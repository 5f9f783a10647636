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

	"gpk/pkg/apply/engine"
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

// PodPatience is how long new pods, or pods whose node is up again, get to run.
const PodPatience = time.Minute

// Wait waits until all of the pods are done, such as Running or Ready. It ends with an error if a pod cannot start, or if nothing happens
// to one for too long.
func (p *Pods) Wait(ctx context.Context, names []string, done func(*corev1.Pod) bool, progress func(string)) error {
	last, told := -1, ""
	var waiting []string
	var stalled stalls
	err := p.Watch.Await(ctx, func(pods map[string]*corev1.Pod) (bool, error) {
		for _, name := range names {
			if err := CannotStart(pods[name]); err != nil {
				return false, err
			}
		}
		now := time.Now()
		stalled.askEvents(ctx, p.kube, names, pods, now)
		if found := stalled.find(names, pods, now); found != nil {
			return false, stalled.errorFor(ctx, p, found)
		}
		waiting = Unfinished(stalled.foremostFirst(names), pods, done, stalled.condition)
		if len(waiting) > 0 && (len(waiting) != last || stalled.foremost != "" && waiting[0] != told) {
			last, told = len(waiting), waiting[0]
			progress(fmt.Sprintf("%d of %d pods; %s", len(names)-len(waiting), len(names), told))
		}
		return len(waiting) == 0, nil
	})
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("%w while waiting: %s", err, engine.FirstOf(waiting))
	}
	return err
}
