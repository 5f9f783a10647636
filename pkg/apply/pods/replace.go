package pods

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"

	"gpk/pkg/apply/kube"
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

// Replace deletes pods and waits until they are gone. Their StatefulSets recreate them.
func (p *Pods) Replace(ctx context.Context, pods []*corev1.Pod, progress func(string)) error {
	old := map[types.UID]bool{}
	for _, pod := range pods {
		old[pod.UID] = true
	}
	return p.kube.DeleteAll(ctx, kube.Deletion{
		Kind: "Pod",
		Left: func(ctx context.Context) ([]metav1.Object, error) {
			all, err := p.kube.All(ctx, "Pod")
			return slices.DeleteFunc(all, func(pod metav1.Object) bool { return !old[pod.GetUID()] }), err
		},
		Waiting: func(left []metav1.Object) error {
			progress(fmt.Sprintf("%d of %d pods are still being deleted; pod %s", len(left), len(pods), left[0].GetName()))
			return p.Overdue(ctx, left...)
		},
	})
}

// ReplaceOutdated deletes those of the pods that were made from an earlier template and run nothing, such as a pod whose image could not
// be pulled before cluster.yaml was corrected. Their StatefulSets recreate them. A StatefulSet with the OnDelete strategy replaces no pod
// by itself, since that would restart databases at any time. A pod that runs stays here too.
func (p *Pods) ReplaceOutdated(ctx context.Context, names []string, progress func(string)) error {
	pods, err := p.List(ctx)
	if err != nil {
		return err
	}
	sets := map[string]*appsv1.StatefulSet{}
	for i := range pods {
		pod := &pods[i]
		owner := metav1.GetControllerOf(pod)
		if Running(pod) || pod.DeletionTimestamp != nil || owner == nil || !slices.Contains(names, pod.Name) {
			continue
		}
		if sets[owner.Name] == nil {
			if sets[owner.Name], err = p.Observed(ctx, owner.Name); err != nil {
				return err
			}
		}
		if pod.Labels[appsv1.StatefulSetRevisionLabel] == sets[owner.Name].Status.UpdateRevision {
			continue
		}
		progress("pod " + pod.Name + " runs nothing and was made from an earlier cluster.yaml; gpk deletes it, and its StatefulSet recreates it")
		if err := p.kube.Delete(ctx, "Pod", pod, metav1.DeleteOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// Observed is a StatefulSet once its controller has seen its latest template, from which its UpdateRevision makes new pods.
func (p *Pods) Observed(ctx context.Context, name string) (set *appsv1.StatefulSet, err error) {
	err = wait.PollUntilContextCancel(ctx, 100*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		if set, err = p.kube.API.AppsV1().StatefulSets(p.kube.Ref.Namespace).Get(ctx, name, metav1.GetOptions{}); err != nil {
			return false, fmt.Errorf("stateful set %s: %w", name, err)
		}
		return set.Status.ObservedGeneration >= set.Generation, nil
	})
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%w while waiting for the controller of stateful set %s", context.Cause(ctx), name)
	}
	return set, err
}
