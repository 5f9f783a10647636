package pods

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
)

// watch starts the one informer of the cluster's pods and returns it with a channel that is closed, and replaced, when
// one of them changes.
func (p *Pods) watch(ctx context.Context) (cache.SharedIndexInformer, error) {
	p.watching.Lock()
	if p.informer == nil {
		factory := informers.NewSharedInformerFactoryWithOptions(p.kube.API, 0, informers.WithNamespace(p.kube.Ref.Namespace),
			informers.WithTweakListOptions(func(o *metav1.ListOptions) { o.LabelSelector = p.kube.Selector() }))
		p.informer = factory.Core().V1().Pods().Informer()
		p.changed = make(chan struct{})
		_, err := p.informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    func(any) { p.notify() },
			UpdateFunc: func(any, any) { p.notify() },
			DeleteFunc: func(any) { p.notify() },
		})
		if err != nil {
			p.watching.Unlock()
			return nil, err
		}
		go p.informer.RunWithContext(context.WithoutCancel(ctx))
	}
	informer := p.informer
	p.watching.Unlock()
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return nil, context.Cause(ctx)
	}
	return informer, nil
}

func (p *Pods) notify() {
	p.watching.Lock()
	defer p.watching.Unlock()
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *Pods) nextChange() <-chan struct{} {
	p.watching.Lock()
	defer p.watching.Unlock()
	return p.changed
}

// idle is how long awaitPods waits for a change before it has the same pods looked at again, since time passes for them too.
const idle = 10 * time.Second

// Await calls look with the cluster's pods by name, at once, after every change and when nothing has changed for a
// while, until it says that it is satisfied or fails.
func (p *Pods) Await(ctx context.Context, look func(map[string]*corev1.Pod) (bool, error)) error {
	informer, err := p.watch(ctx)
	if err != nil {
		return fmt.Errorf("watching pods: %w", err)
	}
	for {
		change := p.nextChange()
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
