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

	"gpk/pkg/apply/kube"
	"gpk/pkg/plan"
)

// ToReplace are the pods whose database container differs from what their StatefulSets should have.
func (r *Revisions) ToReplace(ctx context.Context, sets []*appsv1.StatefulSet) ([]*corev1.Pod, error) {
	pods, err := r.pods.List(ctx)
	if err != nil {
		return nil, err
	}
	var outdated []*corev1.Pod
	for _, set := range sets {
		w := wantedOf(ctx, r, set)
		for i := range pods {
			pod := &pods[i]
			if owner := metav1.GetControllerOf(pod); owner == nil || owner.Name != set.Name {
				continue
			}
			differs, err := w.differs(pod)
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

// wanted is the database container that the pods of a StatefulSet should have. A webhook or a LimitRange may change what gpk has written,
// in the StatefulSet, in the pod, or in both. So only the API server knows what becomes of it. gpk asks it once for each set, and only if
// a pod differs from what is written.
type wanted struct {
	written *corev1.Container
	// live is the StatefulSet that exists, once its controller has seen it.
	live func() (*appsv1.StatefulSet, error)
	// applied is the StatefulSet that applying it would make, as a dry run says.
	applied func() (*appsv1.StatefulSet, error)
	// tried is the pod that this one would make, as a dry run says; nil if the API server does not tell.
	tried func() (*corev1.Pod, error)
}

func wantedOf(ctx context.Context, r *Revisions, set *appsv1.StatefulSet) *wanted {
	w := &wanted{written: databaseContainer(&set.Spec.Template.Spec)}
	w.live = sync.OnceValues(func() (*appsv1.StatefulSet, error) {
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		return r.Observed(ctx, set.Name)
	})
	w.applied = sync.OnceValues(func() (*appsv1.StatefulSet, error) {
		live, err := w.live()
		if err != nil {
			return nil, err
		}
		// Nobody can change claim templates, and pods do not depend on them.
		set := set.DeepCopy()
		set.Spec.VolumeClaimTemplates = live.Spec.VolumeClaimTemplates
		answer, err := r.pods.kube.Apply(ctx, set, kube.Manager, true)
		if kube.Refusal(set, err) != "" || kube.Undecided(err) != "" {
			// Another step reports that. Without an answer, what is written counts.
			return set, nil
		}
		if err != nil {
			return nil, err
		}
		return answer.(*appsv1.StatefulSet), nil
	})
	w.tried = sync.OnceValues(func() (*corev1.Pod, error) {
		applied, err := w.applied()
		if err != nil {
			return nil, err
		}
		pod, err := r.Try(ctx, applied)
		if kube.Refusal(Trial(applied), err) != "" || kube.Undecided(err) != "" {
			return nil, nil
		}
		return pod, err
	})
	return w
}

// differs says whether a pod would be another one if its StatefulSet recreated it. It compares what is written first: a pod from an earlier
// template may differ in nothing that matters.
func (w *wanted) differs(pod *corev1.Pod) (bool, error) {
	has := databaseContainer(&pod.Spec)
	if w.written == nil || has == nil || sameContainer(w.written, has) {
		return false, nil
	}
	live, err := w.live()
	if apierrors.IsNotFound(err) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	template := databaseContainer(&live.Spec.Template.Spec)
	revision := pod.Labels[appsv1.StatefulSetRevisionLabel]
	latest := revision != "" && revision == live.Status.UpdateRevision && template != nil
	if latest && sameContainer(w.written, template) {
		return false, nil
	}
	applied, err := w.applied()
	if err != nil {
		return false, err
	}
	admitted := databaseContainer(&applied.Spec.Template.Spec)
	if admitted == nil || sameContainer(admitted, has) || latest && sameContainer(admitted, template) {
		return admitted == nil, nil
	}
	tried, err := w.tried()
	if tried == nil || err != nil {
		return true, err
	}
	again := databaseContainer(&tried.Spec)
	return again == nil || !sameContainer(again, has), nil
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
