package capacity

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	podresources "k8s.io/component-helpers/resource"

	"gpk/pkg/apply/fit"
	"gpk/pkg/apply/kube"
)

// seeLimitRanges finds out what the namespace gives to containers that ask for nothing, which matters to its quotas only.
func (s *survey) seeLimitRanges(ctx context.Context) error {
	if len(s.quotas) == 0 {
		return nil
	}
	list, err := s.kube.API.CoreV1().LimitRanges(s.kube.Ref.Namespace).List(ctx, metav1.ListOptions{})
	if err == nil {
		s.limits = append([]corev1.LimitRange{}, list.Items...)
	}
	return kube.UnlessForbidden("limit ranges", err)
}

// defaulted is what the API server makes of the resources of a pod's containers: requests of limits, and then what a LimitRange
// has for those that have neither.
func (s *survey) defaulted(spec *corev1.PodSpec) *corev1.PodSpec {
	spec = spec.DeepCopy()
	for _, containers := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
		for i := range containers {
			r := &containers[i].Resources
			r.Requests = filled(r.Requests, r.Limits)
			for _, item := range s.containerLimits() {
				r.Requests, r.Limits = filled(r.Requests, item.DefaultRequest), filled(r.Limits, item.Default)
			}
		}
	}
	return spec
}

// containerLimits are what all LimitRanges have for containers.
func (s *survey) containerLimits() []corev1.LimitRangeItem {
	var items []corev1.LimitRangeItem
	for i := range s.limits {
		for _, item := range s.limits[i].Spec.Limits {
			if item.Type == corev1.LimitTypeContainer {
				items = append(items, item)
			}
		}
	}
	return items
}

// filled has the amounts of more that list has none of.
func filled(list, more corev1.ResourceList) corev1.ResourceList {
	for name, amount := range more {
		if _, set := list[name]; !set {
			if list == nil {
				list = corev1.ResourceList{}
			}
			list[name] = amount
		}
	}
	return list
}

// amounts are what one pod requests, and its limits.
func (s *survey) amounts(spec *corev1.PodSpec) (requests, limits corev1.ResourceList) {
	spec = s.defaulted(spec)
	return fit.Requests(spec), podresources.PodLimits(&corev1.Pod{Spec: *spec}, podresources.PodResourcesOptions{})
}

// unspecified says of which container a quota refuses every pod, since it does not give what the quota limits. A LimitRange that
// may not be seen could give it, and a pod that has resources of its own as a whole need not have them in its containers.
func (s *survey) unspecified(quota *corev1.ResourceQuota, missing []wantedPod) []string {
	if s.limits == nil {
		return nil
	}
	var reasons []string
	asked := map[*corev1.PodSpec]bool{}
	for _, pod := range missing {
		if asked[pod.spec] || pod.spec.Resources != nil {
			continue
		}
		asked[pod.spec] = true
		spec := s.defaulted(pod.spec)
		for _, c := range slices.Concat(spec.InitContainers, spec.Containers) {
			for _, name := range lacking(quota, c.Resources) {
				reasons = append(reasons, fmt.Sprintf("the quota %s of the namespace wants every container to give %s, "+
					"and container %s of pod %s does not", quota.Name, name, c.Name, pod.name))
			}
		}
	}
	return reasons
}

// lacking are those resources of a quota that a container must give and does not.
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
