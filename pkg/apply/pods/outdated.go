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

	"gpk/pkg/apply/engine"
)

// ReplaceOutdated deletes those of the pods that were made from an earlier template and run nothing: a pod whose image could
// not be pulled, say, and whose file has been mended since. Their StatefulSet makes them anew. It does so by itself for
// no pod, since that would be a restart of databases at its own time, and one that runs is left alone here too.
func (p *Pods) ReplaceOutdated(ctx context.Context, names []string, progress func(string)) error {
	pods, err := p.List(ctx)
	if err != nil {
		return err
	}
	revisions := map[string]string{}
	for i := range pods {
		pod := &pods[i]
		owner := metav1.GetControllerOf(pod)
		if Running(pod) || pod.DeletionTimestamp != nil || owner == nil || !slices.Contains(names, pod.Name) {
			continue
		}
		if _, known := revisions[owner.Name]; !known {
			if revisions[owner.Name], err = p.UpdateRevision(ctx, owner.Name); err != nil {
				return err
			}
		}
		if pod.Labels[appsv1.StatefulSetRevisionLabel] == revisions[owner.Name] {
			continue
		}
		progress("pod " + pod.Name + " runs nothing and was made for an earlier file: it is made anew")
		if err := p.Replace(ctx, pod); err != nil {
			return err
		}
	}
	return nil
}

// UpdateRevision is the revision that a StatefulSet makes new pods from, once its controller has seen its latest template.
func (p *Pods) UpdateRevision(ctx context.Context, name string) (string, error) {
	set, err := p.observed(ctx, name)
	if err != nil {
		return "", err
	}
	return set.Status.UpdateRevision, nil
}

// observed is a StatefulSet once its controller has seen its latest template.
func (p *Pods) observed(ctx context.Context, name string) (*appsv1.StatefulSet, error) {
	for {
		set, err := p.kube.API.AppsV1().StatefulSets(p.kube.Ref.Namespace).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return nil, fmt.Errorf("stateful set %s: %w", name, err)
		}
		if set.Status.ObservedGeneration >= set.Generation {
			return set, nil
		}
		if err := engine.Sleep(ctx, 100*time.Millisecond); err != nil {
			return nil, fmt.Errorf("%w while waiting for the controller of stateful set %s", err, name)
		}
	}
}

func (p *Pods) Replace(ctx context.Context, pod *corev1.Pod) error {
	err := p.kube.API.CoreV1().Pods(p.kube.Ref.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{
		Preconditions: &metav1.Preconditions{UID: &pod.UID}})
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return fmt.Errorf("pod %s: %w", pod.Name, err)
	}
	return nil
}
