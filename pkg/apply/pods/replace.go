package pods

import (
	"context"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"

	"gpk/pkg/apply/kube"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// Revisions are the cluster's pods by the templates that they were made from: a pod stays as its template was until gpk replaces it.
type Revisions struct{ pods *Pods }

// WithFullNames are the pods that an earlier gpk made: they know the coordinators' hosts by names with a namespace and a domain.
func (r *Revisions) WithFullNames(ctx context.Context) ([]*corev1.Pod, error) {
	pods, err := r.pods.List(ctx)
	if err != nil {
		return nil, err
	}
	var named []*corev1.Pod
	for i := range pods {
		container := databaseContainer(&pods[i].Spec)
		if container != nil && slices.ContainsFunc(container.Env, func(v corev1.EnvVar) bool {
			return v.Name == plan.CoordinatorsVariable && segments.FullName(v.Value)
		}) {
			named = append(named, &pods[i])
		}
	}
	return named, nil
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

// Outdated are those of the pods, in their order, that among chooses and that were made from an earlier template than their
// StatefulSets have. A StatefulSet with the OnDelete strategy replaces no pod by itself, since that would restart databases at any
// time.
func (r *Revisions) Outdated(ctx context.Context, names []string, among func(*corev1.Pod) bool) ([]*corev1.Pod, error) {
	pods, err := r.pods.ByName(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	sets := map[string]*appsv1.StatefulSet{}
	var outdated []*corev1.Pod
	for _, name := range names {
		pod := pods[name]
		if pod == nil || pod.DeletionTimestamp != nil || metav1.GetControllerOf(pod) == nil || !among(pod) {
			continue
		}
		owner := metav1.GetControllerOf(pod).Name
		if sets[owner] == nil {
			if sets[owner], err = r.Observed(ctx, owner); apierrors.IsNotFound(err) {
				sets[owner] = &appsv1.StatefulSet{}
			} else if err != nil {
				return nil, err
			}
		}
		if latest := sets[owner].Status.UpdateRevision; latest != "" && pod.Labels[appsv1.StatefulSetRevisionLabel] != latest {
			outdated = append(outdated, pod)
		}
	}
	return outdated, nil
}

// ReplaceOutdated deletes those of the pods that were made from an earlier template and run nothing, such as a pod whose image could not
// be pulled before cluster.yaml was corrected. Their StatefulSets recreate them. A pod that runs stays here.
func (r *Revisions) ReplaceOutdated(ctx context.Context, names []string, progress func(string)) error {
	outdated, err := r.Outdated(ctx, names, func(pod *corev1.Pod) bool { return !Running(pod) })
	if err != nil {
		return err
	}
	for _, pod := range outdated {
		progress("pod " + pod.Name + " runs nothing and was made from an earlier cluster.yaml; gpk deletes it, and its StatefulSet recreates it")
		if err := r.pods.kube.Delete(ctx, "Pod", pod, metav1.DeleteOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// Observed is a StatefulSet once its controller has seen its latest template, from which its UpdateRevision makes new pods.
func (r *Revisions) Observed(ctx context.Context, name string) (set *appsv1.StatefulSet, err error) {
	err = wait.PollUntilContextCancel(ctx, 100*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		if set, err = r.pods.kube.API.AppsV1().StatefulSets(r.pods.kube.Ref.Namespace).Get(ctx, name, metav1.GetOptions{}); err != nil {
			return false, fmt.Errorf("stateful set %s: %w", name, err)
		}
		return set.Status.ObservedGeneration >= set.Generation, nil
	})
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%w while waiting for the controller of stateful set %s", context.Cause(ctx), name)
	}
	return set, err
}
