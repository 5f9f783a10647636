package fit

import (
	"maps"
	"math"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	podresources "k8s.io/component-helpers/resource"
)

// resources are those that some StatefulSet requests. The first is the number of pods.
type resources []corev1.ResourceName

// amounts is one number for each of the resources: thousandths of a CPU, bytes, or pieces.
type amounts []int64

func requestedResources(sets []*appsv1.StatefulSet) resources {
	found := resources{corev1.ResourcePods, corev1.ResourceCPU, corev1.ResourceMemory}
	for _, set := range sets {
		for _, name := range slices.Sorted(maps.Keys(Requests(&set.Spec.Template.Spec))) {
			if !slices.Contains(found, name) {
				found = append(found, name)
			}
		}
	}
	return found
}

// Requests is what the scheduler sets aside for a pod made from a template. Where a container has a limit and no request, the
// API server makes the limit its request.
func Requests(spec *corev1.PodSpec) corev1.ResourceList {
	spec = spec.DeepCopy()
	for _, containers := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
		for i := range containers {
			r := &containers[i].Resources
			requests := corev1.ResourceList{}
			maps.Copy(requests, r.Limits)
			maps.Copy(requests, r.Requests)
			r.Requests = requests
		}
	}
	return podresources.PodRequests(&corev1.Pod{Spec: *spec}, podresources.PodResourcesOptions{})
}

func (r resources) amounts(list corev1.ResourceList) amounts {
	a := make(amounts, len(r))
	for i, name := range r {
		quantity := list[name]
		if name == corev1.ResourceCPU {
			a[i] = quantity.MilliValue()
		} else {
			a[i] = quantity.Value()
		}
	}
	return a
}

func (a amounts) subtract(other amounts) {
	for i := range a {
		a[i] -= other[i]
	}
}

// podsThatFit is how many pods with these requests fit into the amounts.
func (a amounts) podsThatFit(requests amounts) int64 {
	pods := int64(math.MaxInt64)
	for i, each := range requests {
		if each > 0 {
			pods = min(pods, max(a[i], 0)/each)
		}
	}
	return pods
}
