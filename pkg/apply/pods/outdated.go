package pods

import (
	"context"
	"slices"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/plan"
)

// ToReplace are the pods whose database container differs from what their StatefulSets should have.
func (p *Pods) ToReplace(ctx context.Context, sets []*appsv1.StatefulSet) ([]*corev1.Pod, error) {
	pods, err := p.List(ctx)
	if err != nil {
		return nil, err
	}
	var outdated []*corev1.Pod
	for _, set := range sets {
		live := sync.OnceValues(func() (*appsv1.StatefulSet, error) {
			ctx, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			return observed(ctx, p.kube, set.Name)
		})
		for i := range pods {
			pod := &pods[i]
			if owner := metav1.GetControllerOf(pod); owner == nil || owner.Name != set.Name {
				continue
			}
			differs, err := differsFrom(set, pod, live)
			if err != nil {
				return nil, err
			}
			if differs {
				outdated = append(outdated, pod)
			}
		}
	}
	return outdated, nil
}

// differsFrom compares the containers first: a pod from an earlier template may differ in nothing that matters. If they differ, a
// LimitRange or a webhook may have changed a pod of the wanted template. A new pod would be the same.
func differsFrom(set *appsv1.StatefulSet, pod *corev1.Pod, live func() (*appsv1.StatefulSet, error)) (bool, error) {
	wanted, has := databaseContainer(&set.Spec.Template.Spec), databaseContainer(&pod.Spec)
	if wanted == nil || has == nil || sameContainer(wanted, has) {
		return false, nil
	}
	latest, err := live()
	if apierrors.IsNotFound(err) {
		return true, nil
	}
	revision := pod.Labels[appsv1.StatefulSetRevisionLabel]
	if err != nil || revision == "" || revision != latest.Status.UpdateRevision {
		return true, err
	}
	template := databaseContainer(&latest.Spec.Template.Spec)
	return template == nil || !sameContainer(wanted, template), nil
}

// sameContainer says whether a container has the wanted image and resources, and no others.
func sameContainer(wanted, has *corev1.Container) bool {
	return has.Image == wanted.Image && hasAmounts(has.Resources.Requests, wanted.Resources.Requests) &&
		hasAmounts(has.Resources.Limits, wanted.Resources.Limits) && !hasMore(has.Resources.Limits, wanted.Resources.Limits) &&
		!hasMore(has.Resources.Requests, wanted.Resources.Requests, wanted.Resources.Limits)
}

// databaseContainer is the database container of a pod, nil if a patch has removed it.
func databaseContainer(pod *corev1.PodSpec) *corev1.Container {
	for i := range pod.Containers {
		if pod.Containers[i].Name == plan.Container {
			return &pod.Containers[i]
		}
	}
	return nil
}

// hasAmounts says whether every wanted amount is among those of a container.
func hasAmounts(has, wanted corev1.ResourceList) bool {
	for name, amount := range wanted {
		if found, ok := has[name]; !ok || found.Cmp(amount) != 0 {
			return false
		}
	}
	return true
}

// hasMore says whether a container has amounts that no wanted list names. A limit without a request is a request too.
func hasMore(has corev1.ResourceList, wanted ...corev1.ResourceList) bool {
	for name := range has {
		if !slices.ContainsFunc(wanted, func(w corev1.ResourceList) bool { _, ok := w[name]; return ok }) {
			return true
		}
	}
	return false
}
