package pods

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// within are the resources of a short-lived pod's only container as limit ranges want them. The pod asks for as little of its node as these
// allow, since the database has the room there.
func within(r corev1.ResourceRequirements, ranges []corev1.LimitRangeItem) corev1.ResourceRequirements {
	requests, limits := corev1.ResourceList{}, corev1.ResourceList{}
	maps.Copy(requests, r.Requests)
	maps.Copy(limits, r.Limits)
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		for _, item := range ranges {
			if most, given := item.Max[name]; given && most.Cmp(limits[name]) < 0 {
				limits[name] = most
			}
		}
		for _, item := range ranges {
			if least, given := item.Min[name]; given {
				requests[name], limits[name] = larger(requests[name], least), larger(limits[name], least)
			}
		}
		for _, item := range ranges {
			if ratio := item.MaxLimitRequestRatio[name]; ratio.Sign() > 0 {
				requests[name] = larger(requests[name], share(name, limits[name], ratio))
			}
		}
	}
	return corev1.ResourceRequirements{Requests: requests, Limits: limits}
}

func larger(a, b resource.Quantity) resource.Quantity {
	if a.Cmp(b) < 0 {
		return b
	}
	return a
}

// share is the smallest request that has the ratio to a limit. Of memory there are no parts of bytes.
func share(name corev1.ResourceName, limit, ratio resource.Quantity) resource.Quantity {
	if name == corev1.ResourceCPU {
		return *resource.NewMilliQuantity(parts(limit.MilliValue()*1000, ratio.MilliValue()), resource.DecimalSI)
	}
	return *resource.NewQuantity(parts(limit.Value()*1000, ratio.MilliValue()), resource.BinarySI)
}

func parts(whole, by int64) int64 { return (whole + by - 1) / by }
