package capacity

import (
	"context"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/apply/kube"
)

// limitRanges are what those of the namespace have for containers, nil if the user may not list them.
type limitRanges []corev1.LimitRangeItem

func readLimitRanges(ctx context.Context, k *kube.Client) (limitRanges, error) {
	return kube.Limits(ctx, k, corev1.LimitTypeContainer)
}

// withDefaults has the resources that the API server gives a pod's containers: requests of limits, and then the defaults of a LimitRange
// for containers with neither.
func (l limitRanges) withDefaults(spec *corev1.PodSpec) *corev1.PodSpec {
	spec = spec.DeepCopy()
	for _, containers := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
		for i := range containers {
			r := &containers[i].Resources
			r.Requests = filled(r.Requests, r.Limits)
			for _, item := range l {
				r.Requests, r.Limits = filled(r.Requests, item.DefaultRequest), filled(r.Limits, item.Default)
			}
		}
	}
	return spec
}

// filled are the amounts of a list, and those of another that it lacks.
func filled(list, more corev1.ResourceList) corev1.ResourceList {
	all := corev1.ResourceList{}
	maps.Copy(all, more)
	maps.Copy(all, list)
	return all
}

// unspecified says because of which container a quota refuses every pod, since it lacks what the quota limits. An unseen LimitRange could
// add it, and a pod with resources of its own as a whole needs none in its containers.
func (l limitRanges) unspecified(quota *corev1.ResourceQuota, missing []wantedPod) []string {
	if l == nil {
		return nil
	}
	var reasons []string
	checked := map[*corev1.PodSpec]bool{}
	for _, pod := range missing {
		if checked[pod.spec] || pod.spec.Resources != nil {
			continue
		}
		checked[pod.spec] = true
		spec := l.withDefaults(pod.spec)
		for _, c := range slices.Concat(spec.InitContainers, spec.Containers) {
			for _, name := range lacking(quota, c.Resources) {
				reasons = append(reasons, fmt.Sprintf("the quota %s of the namespace requires every container to give %s, "+
					"and container %s of pod %s does not", quota.Name, name, c.Name, pod.name))
			}
		}
	}
	return reasons
}

// lacking are the resources of a quota that a container must give and does not.
func lacking(quota *corev1.ResourceQuota, r corev1.ResourceRequirements) []corev1.ResourceName {
	wanted := []struct {
		name, resource corev1.ResourceName
		given          corev1.ResourceList
	}{
		{corev1.ResourceCPU, corev1.ResourceCPU, r.Requests}, {corev1.ResourceRequestsCPU, corev1.ResourceCPU, r.Requests},
		{corev1.ResourceMemory, corev1.ResourceMemory, r.Requests}, {corev1.ResourceRequestsMemory, corev1.ResourceMemory, r.Requests},
		{corev1.ResourceLimitsCPU, corev1.ResourceCPU, r.Limits}, {corev1.ResourceLimitsMemory, corev1.ResourceMemory, r.Limits},
	}
	var names []corev1.ResourceName
	for _, w := range wanted {
		_, limited := quota.Spec.Hard[w.name]
		if _, given := w.given[w.resource]; limited && !given {
			names = append(names, w.name)
		}
	}
	return names
}
