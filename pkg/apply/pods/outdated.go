package pods

import (
	"context"
	"maps"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
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
			return p.Observed(ctx, set.Name)
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

// sameContainer says whether a container has the wanted image and resources, and no others. A limit without a request is a request too.
func sameContainer(wanted, has *corev1.Container) bool {
	requests := maps.Clone(has.Resources.Requests)
	maps.DeleteFunc(requests, func(name corev1.ResourceName, _ resource.Quantity) bool {
		_, requested := wanted.Resources.Requests[name]
		_, limited := wanted.Resources.Limits[name]
		return limited && !requested
	})
	return has.Image == wanted.Image && equality.Semantic.DeepEqual(requests, wanted.Resources.Requests) &&
		equality.Semantic.DeepEqual(has.Resources.Limits, wanted.Resources.Limits)
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
