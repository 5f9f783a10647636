package apply

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
)

// parallel is how many requests or execs gpk has under way at once.
const parallel = 64

// Target is one cluster in one namespace of one API server.
type Target struct {
	Ref    plan.Ref
	config *rest.Config
	client kubernetes.Interface
	remote *remote.Pods
	// handlers carry out what plans ask for.
	handlers handlers

	asking singleflight.Group
	// lost is when a coordinator's pod could not be reached, by its name.
	lost sync.Map
	// silent is when the coordinator of a takeover was found to be out of reach.
	silent sync.Map
	// seen is the acting coordinator as it was last found.
	seen atomic.Pointer[sighting]
	// between is whether a plan is being carried out and no step is being done at the moment.
	between  atomic.Bool
	watching sync.Mutex
	pods     cache.SharedIndexInformer
	changed  chan struct{}
}

// NewTarget makes the target of a cluster. The client's own rate limit is off, since the API server's priority and fairness
// is there to say what is too much, and what can be protobuf is.
func NewTarget(config *rest.Config, ref plan.Ref) (*Target, error) {
	config = rest.CopyConfig(config)
	config.QPS = -1
	protobuf := rest.CopyConfig(config)
	protobuf.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	protobuf.ContentType = "application/vnd.kubernetes.protobuf"
	client, err := kubernetes.NewForConfig(protobuf)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	target := &Target{Ref: ref, config: config, client: client}
	target.remote = remote.New(client, config, ref.Namespace, target.selector())
	target.handlers = target.registerAll()
	return target, nil
}

// Exec runs a program in a pod of the cluster, as remote.Pods.Exec does.
func (t *Target) Exec(ctx context.Context, pod string, argv []string, streams remote.Streams) error {
	return t.remote.Exec(ctx, pod, argv, streams)
}

// selector finds every object of the cluster.
func (t *Target) selector() string { return labels.SelectorFromSet(plan.Labels(t.Ref.Name)).String() }

// listOptions lists every object of the cluster.
func (t *Target) listOptions() metav1.ListOptions {
	return metav1.ListOptions{LabelSelector: t.selector()}
}

// watchPods starts the one informer of the cluster's pods and returns it with a channel that is closed, and replaced, when
// one of them changes.
func (t *Target) watchPods(ctx context.Context) (cache.SharedIndexInformer, error) {
	t.watching.Lock()
	if t.pods == nil {
		factory := informers.NewSharedInformerFactoryWithOptions(t.client, 0, informers.WithNamespace(t.Ref.Namespace),
			informers.WithTweakListOptions(func(o *metav1.ListOptions) { o.LabelSelector = t.selector() }))
		t.pods = factory.Core().V1().Pods().Informer()
		t.changed = make(chan struct{})
		_, err := t.pods.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    func(any) { t.notify() },
			UpdateFunc: func(any, any) { t.notify() },
			DeleteFunc: func(any) { t.notify() },
		})
		if err != nil {
			t.watching.Unlock()
			return nil, err
		}
		go t.pods.RunWithContext(context.WithoutCancel(ctx))
	}
	informer := t.pods
	t.watching.Unlock()
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return nil, context.Cause(ctx)
	}
	return informer, nil
}

func (t *Target) notify() {
	t.watching.Lock()
	defer t.watching.Unlock()
	close(t.changed)
	t.changed = make(chan struct{})
}

func (t *Target) nextChange() <-chan struct{} {
	t.watching.Lock()
	defer t.watching.Unlock()
	return t.changed
}

// idle is how long awaitPods waits for a change before it has the same pods looked at again, since time passes for them too.
const idle = 10 * time.Second

// awaitPods calls look with the cluster's pods by name, at once, after every change and when nothing has changed for a
// while, until it says that it is satisfied or fails.
func (t *Target) awaitPods(ctx context.Context, look func(map[string]*corev1.Pod) (bool, error)) error {
	informer, err := t.watchPods(ctx)
	if err != nil {
		return fmt.Errorf("watching pods: %w", err)
	}
	for {
		change := t.nextChange()
		pods := map[string]*corev1.Pod{}
		for _, object := range informer.GetStore().List() {
			if pod, ok := object.(*corev1.Pod); ok {
				pods[pod.Name] = pod
			}
		}
		if done, err := look(pods); done || err != nil {
			return err
		}
		select {
		case <-change:
		case <-time.After(idle):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
