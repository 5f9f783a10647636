package pods

import (
	"context"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// List lists the cluster's pods.
func (p *Pods) List(ctx context.Context) ([]corev1.Pod, error) {
	list, err := p.kube.API.CoreV1().Pods(p.kube.Ref.Namespace).List(ctx, p.kube.ListOptions())
	if err != nil {
		return nil, fmt.Errorf("pods: %w", err)
	}
	return list.Items, nil
}

// Names are the names of the cluster's pods.
func (p *Pods) Names(ctx context.Context) ([]string, error) {
	pods, err := p.List(ctx)
	names := make([]string, 0, len(pods))
	for i := range pods {
		names = append(names, pods[i].Name)
	}
	slices.Sort(names)
	return names, err
}

func PodsOf(set *appsv1.StatefulSet) []string {
	var pods []string
	for ordinal := range *set.Spec.Replicas {
		pods = append(pods, fmt.Sprintf("%s-%d", set.Name, ordinal))
	}
	return pods
}

// ByName lists the pods afresh: a Check believes no cache.
func (p *Pods) ByName(ctx context.Context) (map[string]*corev1.Pod, error) {
	list, err := p.List(ctx)
	pods := map[string]*corev1.Pod{}
	for i := range list {
		pods[list[i].Name] = &list[i]
	}
	return pods, err
}

// NotRunning says which of the pods do not run, for handlers that need to ask them something.
func (p *Pods) NotRunning(ctx context.Context, names []string) ([]string, error) {
	pods, err := p.ByName(ctx)
	if err != nil {
		return nil, err
	}
	return Unfinished(names, pods, Running, Condition), nil
}

// ByNameRunning finds a pod by its name, if its database container runs.
func ByNameRunning(name string) func(corev1.Pod) bool {
	return func(pod corev1.Pod) bool { return pod.Name == name && Running(&pod) }
}

func (p *Pods) Runs(ctx context.Context, name string) (bool, error) {
	pod, err := p.remote.Get(ctx, name)
	if pod == nil || err != nil {
		return false, err
	}
	status := Container(pod)
	return status != nil && status.State.Running != nil, nil
}
