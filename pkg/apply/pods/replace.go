package pods

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"gpk/pkg/apply/kube"
	"gpk/pkg/plan"
)

// Patch changes a pod, unless it is gone: its StatefulSet makes another one, without a gate.
func (p *Pods) Patch(ctx context.Context, name string, patch []byte) error {
	_, err := p.kube.API.CoreV1().Pods(p.kube.Ref.Namespace).Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: kube.Manager})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("pod %s: %w", name, err)
	}
	return nil
}

// AwaitGoing waits until these pods are gone.
func (p *Pods) AwaitGoing(ctx context.Context, going map[types.UID]bool, progress func(string)) error {
	last := ""
	err := p.Await(ctx, func(pods map[string]*corev1.Pod) (bool, error) {
		left, now := 0, time.Now()
		for _, pod := range pods {
			if !going[pod.UID] {
				continue
			}
			left++
			last = pod.Name
			if passed, late := Overdue(pod, now); late {
				return false, p.GoingError(ctx, pod.Name, passed)
			}
		}
		if left > 0 {
			progress(fmt.Sprintf("%d of %d pods are still going; pod %s", left, len(going), last))
		}
		return left == 0, nil
	})
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("%w while waiting for pod %s to go", err, last)
	}
	return err
}

// ToReplace are the pods that are not as their stateful sets are to be.
func (p *Pods) ToReplace(ctx context.Context, sets []*appsv1.StatefulSet) ([]*corev1.Pod, error) {
	pods, err := p.List(ctx)
	if err != nil {
		return nil, err
	}
	var old []*corev1.Pod
	for _, set := range sets {
		live := sync.OnceValues(func() (*appsv1.StatefulSet, error) { return p.liveSet(ctx, set.Name) })
		for i := range pods {
			pod := &pods[i]
			if owner := metav1.GetControllerOf(pod); owner == nil || owner.Name != set.Name {
				continue
			}
			other, err := madeOtherwise(pod, set, live)
			if err != nil {
				return nil, err
			}
			if other {
				old = append(old, pod)
			}
		}
	}
	return old, nil
}

// madeOtherwise goes by the pod's own container first: one that was made from an earlier template may differ in nothing that
// matters. Where that is another, a LimitRange or a webhook may have made it so of the very template that is wanted: made anew
// it would be the same again.
func madeOtherwise(pod *corev1.Pod, set *appsv1.StatefulSet, live func() (*appsv1.StatefulSet, error)) (bool, error) {
	wanted, has := databaseSpec(&set.Spec.Template.Spec), databaseSpec(&pod.Spec)
	if wanted == nil || has == nil || same(wanted, has) {
		return false, nil
	}
	latest, err := live()
	revision := pod.Labels[appsv1.StatefulSetRevisionLabel]
	if err != nil || latest == nil || revision == "" || revision != latest.Status.UpdateRevision {
		return true, err
	}
	template := databaseSpec(&latest.Spec.Template.Spec)
	return template == nil || !same(wanted, template), nil
}

// same says whether a container has the wanted image and resources, and no others.
func same(wanted, has *corev1.Container) bool {
	return has.Image == wanted.Image && within(wanted.Resources.Requests, has.Resources.Requests) &&
		within(wanted.Resources.Limits, has.Resources.Limits) && !more(has.Resources.Limits, wanted.Resources.Limits) &&
		!more(has.Resources.Requests, wanted.Resources.Requests, wanted.Resources.Limits)
}

// databaseSpec is the database container of a pod, nil if a patch has taken it away.
func databaseSpec(pod *corev1.PodSpec) *corev1.Container {
	for i := range pod.Containers {
		if pod.Containers[i].Name == plan.Container {
			return &pod.Containers[i]
		}
	}
	return nil
}

// within says whether every wanted amount is what there is.
func within(wanted, there corev1.ResourceList) bool {
	for name, amount := range wanted {
		if found, ok := there[name]; !ok || found.Cmp(amount) != 0 {
			return false
		}
	}
	return true
}

// more says whether there are amounts that nobody asks for. A limit without a request asks for that too.
func more(there corev1.ResourceList, wanted ...corev1.ResourceList) bool {
	for name := range there {
		if !slices.ContainsFunc(wanted, func(w corev1.ResourceList) bool { _, ok := w[name]; return ok }) {
			return true
		}
	}
	return false
}

// liveSet is a stateful set whose latest template its controller knows, nil if there is none of the name.
func (p *Pods) liveSet(ctx context.Context, name string) (*appsv1.StatefulSet, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	set, err := p.observed(ctx, name)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return set, err
}
