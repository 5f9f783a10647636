package pods

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
)

// ShortLived are pods that gpk makes to have something looked at, and deletes again, by their labels. They are none of the cluster's.
type ShortLived struct {
	kube   *kube.Client
	labels map[string]string
}

// ShortLived are the pods with these labels.
func (p *Pods) ShortLived(labels map[string]string) ShortLived { return ShortLived{p.kube, labels} }

// List gives those that there are.
func (s ShortLived) List(ctx context.Context) ([]corev1.Pod, error) {
	list, err := s.kube.API.CoreV1().Pods(s.kube.Ref.Namespace).List(ctx,
		metav1.ListOptions{LabelSelector: labels.SelectorFromSet(s.labels).String()})
	if err != nil {
		return nil, fmt.Errorf("pods with the labels %s: %w", labels.FormatLabels(s.labels), err)
	}
	return list.Items, nil
}

// Anywhere is for Create, where the scheduler chooses the node.
const Anywhere = ""

// Create makes a pod on each of these nodes, with requests that limit ranges allow. Those with scripts of the cluster are deleted with it.
func (s ShortLived) Create(ctx context.Context, template *corev1.Pod, nodes []string) error {
	owners, err := s.owners(ctx, template)
	if err != nil {
		return err
	}
	ranges, err := kube.Limits(ctx, s.kube, corev1.LimitTypeContainer, corev1.LimitTypePod)
	if err != nil {
		return err
	}
	return engine.Each(ctx, nodes, func(ctx context.Context, _ int, node string) error {
		pod := template.DeepCopy()
		pod.OwnerReferences = owners
		pod.Spec.NodeName = node
		pod.Spec.Containers[0].Resources = within(pod.Spec.Containers[0].Resources, ranges)
		return s.create(ctx, pod, ranges == nil)
	})
}

// create creates a pod. Without the right to see limit ranges, gpk tries it once more without requests: the API server then gives the pod
// those of a LimitRange, or its limits.
func (s ShortLived) create(ctx context.Context, pod *corev1.Pod, unseen bool) error {
	api := s.kube.API.CoreV1().Pods(pod.Namespace)
	_, err := api.Create(ctx, pod, metav1.CreateOptions{})
	if unseen && apierrors.IsForbidden(err) {
		pod.Spec.Containers[0].Resources.Requests = nil
		if _, again := api.Create(ctx, pod, metav1.CreateOptions{}); again == nil {
			return nil
		}
	}
	switch {
	case err == nil:
		return nil
	case pod.Spec.NodeName == Anywhere:
		return fmt.Errorf("pod %s: %w", pod.Name, err)
	}
	return fmt.Errorf("pod %s… on node %s: %w", pod.GenerateName, pod.Spec.NodeName, err)
}

// owners is the ConfigMap with the scripts of such a pod, if it has them from one.
func (s ShortLived) owners(ctx context.Context, pod *corev1.Pod) ([]metav1.OwnerReference, error) {
	source := pod.Spec.Volumes[0].ConfigMap
	if source == nil {
		return nil, nil
	}
	scripts, err := s.kube.API.CoreV1().ConfigMaps(s.kube.Ref.Namespace).Get(ctx, source.Name, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("scripts of pod %s…: %w", pod.GenerateName, err)
	}
	return []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: source.Name, UID: scripts.UID}}, nil
}

// Ended is how the only container of such a pod has ended, nil as long as it has not, and why its node refused the pod, if it did.
func Ended(pod *corev1.Pod) (end *corev1.ContainerStateTerminated, refused string) {
	if status := Container(pod); status != nil && status.State.Terminated != nil {
		return status.State.Terminated, ""
	}
	if pod.Status.Phase == corev1.PodFailed {
		return nil, "the node refused the pod: " + pod.Status.Reason + " " + pod.Status.Message
	}
	return nil, ""
}

// NotStarted says in words why the image of a container has no shell that runs, "" if its end tells nothing of that kind. Container
// runtimes have words for it, and no reason of its own.
func NotStarted(end *corev1.ContainerStateTerminated) string {
	const shell = "/bin/bash"
	switch said := end.Message; {
	case strings.Contains(said, "exec format error"):
		return "is for another processor architecture than the node"
	case end.ExitCode != 0 && strings.Contains(said, shell) &&
		(strings.Contains(said, "no such file") || strings.Contains(said, "not found")):
		return "has no " + shell
	}
	return ""
}

// Remove deletes them, which need no time to end, and waits until they are gone.
func (s ShortLived) Remove(ctx context.Context) error {
	return s.kube.DeleteAll(ctx, kube.Deletion{
		Kind:    "Pod",
		Options: metav1.DeleteOptions{GracePeriodSeconds: new(int64(0))},
		Left: func(ctx context.Context) (left []metav1.Object, err error) {
			list, err := s.List(ctx)
			for i := range list {
				left = append(left, &list[i])
			}
			return left, err
		},
		Waiting: func([]metav1.Object) error { return nil },
	})
}

// RemoveAfter is Remove where the context may have ended.
func (s ShortLived) RemoveAfter(ctx context.Context) error {
	cleaning, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	return s.Remove(cleaning)
}
