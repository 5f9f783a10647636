// Package pods owns the pods of a cluster: it lists and watches them, waits for them, replaces them, and says why one does not start.
package pods

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/remote"
	"gpk/pkg/segments"
)

// Pods are those of one cluster.
type Pods struct {
	// Watch sees their changes, for waits.
	Watch *Watch
	// Revisions tells pods of earlier templates from those of the latest.
	Revisions *Revisions
	kube      *kube.Client
	remote    *remote.Pods
}

// New watches nothing before the first wait.
func New(k *kube.Client, r *remote.Pods) *Pods {
	p := &Pods{Watch: &Watch{kube: k}, kube: k, remote: r}
	p.Revisions = &Revisions{p}
	return p
}

// List lists the cluster's pods. A Check uses it and no watch, whose pods may be old.
func (p *Pods) List(ctx context.Context) ([]corev1.Pod, error) {
	list, err := p.kube.API.CoreV1().Pods(p.kube.Ref.Namespace).List(ctx, p.kube.ListOptions())
	if err != nil {
		return nil, fmt.Errorf("pods: %w", err)
	}
	return list.Items, nil
}

// ByName lists the cluster's pods by name.
func (p *Pods) ByName(ctx context.Context) (map[string]*corev1.Pod, error) {
	list, err := p.List(ctx)
	pods := map[string]*corev1.Pod{}
	for i := range list {
		pods[list[i].Name] = &list[i]
	}
	return pods, err
}

// Names are the names of the cluster's pods, in order.
func (p *Pods) Names(ctx context.Context) ([]string, error) {
	pods, err := p.ByName(ctx)
	return slices.Sorted(maps.Keys(pods)), err
}

// NotRunning says in words what each pod that does not run waits for. Handlers call it before they run something in pods.
func (p *Pods) NotRunning(ctx context.Context, names []string) ([]string, error) {
	pods, err := p.ByName(ctx)
	if err != nil {
		return nil, err
	}
	return Unfinished(names, pods, Running, Condition), nil
}

// Runs says whether the database container of a pod runs, even if the pod is being deleted.
func (p *Pods) Runs(ctx context.Context, name string) (bool, error) {
	pod, err := p.remote.Get(ctx, name)
	if pod == nil || err != nil {
		return false, err
	}
	status := Container(pod)
	return status != nil && status.State.Running != nil, nil
}

// probeTime is how long a pod may take for its readiness probe, the same as its kubelet grants.
const probeTime = 10 * time.Second

// Unready says in words which pods are not ready. gpk runs the readiness probe in those that run: what their kubelets know may be ten
// seconds old.
func (p *Pods) Unready(ctx context.Context, pods []corev1.Pod) []string {
	faults := make([]string, len(pods))
	_ = engine.Each(ctx, pods, func(ctx context.Context, i int, pod corev1.Pod) error {
		switch {
		case Ready(&pod):
		case !Running(&pod):
			faults[i] = "pod " + pod.Name + " " + Condition(&pod)
		default:
			_, err := p.remote.RunSoon(ctx, pod.Name, segments.AskReady(), probeTime)
			if err == nil {
				break
			}
			why := remote.Summary(err)
			var exit *remote.Error
			if errors.As(err, &exit) {
				why = exit.Why()
			}
			faults[i] = "pod " + pod.Name + " is not ready: " + why
		}
		return nil
	})
	return engine.NonEmpty(faults)
}

// CannotStart is the error of the first pod that cannot start. A container that keeps exiting may run for a moment in between.
func (p *Pods) CannotStart(ctx context.Context) error {
	pods, err := p.List(ctx)
	for i := range pods {
		if err == nil {
			err = CannotStart(&pods[i])
		}
	}
	return err
}

// ByNameRunning finds a pod by its name, if its database container runs.
func ByNameRunning(name string) func(corev1.Pod) bool {
	return func(pod corev1.Pod) bool { return pod.Name == name && Running(&pod) }
}

// Others are the names without one.
func Others(names []string, without string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == without })
}

// Of are the names of the pods that a StatefulSet makes.
func Of(set *appsv1.StatefulSet) []string {
	var names []string
	for ordinal := range ptr.Deref(set.Spec.Replicas, 0) {
		names = append(names, fmt.Sprintf("%s-%d", set.Name, ordinal))
	}
	return names
}
