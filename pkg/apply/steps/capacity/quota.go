package capacity

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/kube"
)

func (s *survey) seeQuotas(ctx context.Context, _ []*appsv1.StatefulSet) error {
	list, err := s.kube.API.CoreV1().ResourceQuotas(s.kube.Ref.Namespace).List(ctx, metav1.ListOptions{})
	if err == nil {
		s.quotas = list.Items
	}
	if err := kube.UnlessForbidden("resource quotas", err); err != nil {
		return err
	}
	return s.seeLimitRanges(ctx)
}

// beyondQuota says what the missing pods and volumes want that the namespace's quotas do not leave: such pods are never made.
// What the pods that go before have of a quota is given back to it. Quotas of some pods only (scopes) are left to the API server.
func (s *survey) beyondQuota(missing []wantedPod, going []*corev1.Pod) []string {
	wanted, given := s.charged(missing), s.chargedNow(going)
	var reasons []string
	for i := range s.quotas {
		quota := &s.quotas[i]
		if len(quota.Spec.Scopes) > 0 || quota.Spec.ScopeSelector != nil {
			continue
		}
		reasons = append(reasons, s.unspecified(quota, missing)...)
		for _, name := range quotaNames() {
			hard, limited := quota.Spec.Hard[name]
			want := wanted[name]
			left := hard.DeepCopy()
			left.Sub(quota.Status.Used[name])
			left.Add(given[name])
			if limited && want.Cmp(left) > 0 {
				reasons = append(reasons, fmt.Sprintf("the quota %s of the namespace leaves %s of %s, and %s more are wanted",
					quota.Name, left.String(), name, want.String()))
			}
		}
	}
	return reasons
}

// quotaNames are the names by which a quota limits what pods and their volumes are charged for.
func quotaNames() []corev1.ResourceName {
	return []corev1.ResourceName{corev1.ResourcePods, "count/pods", corev1.ResourceCPU, corev1.ResourceRequestsCPU, corev1.ResourceMemory,
		corev1.ResourceRequestsMemory, corev1.ResourceLimitsCPU, corev1.ResourceLimitsMemory, corev1.ResourcePersistentVolumeClaims,
		"count/persistentvolumeclaims", corev1.ResourceRequestsStorage}
}

// charges are what pods and volumes count for in a quota.
type charges corev1.ResourceList

func (c charges) add(quantity resource.Quantity, names ...corev1.ResourceName) {
	for _, name := range names {
		total := c[name]
		total.Add(quantity)
		c[name] = total
	}
}

func (c charges) addPod(requests, limits corev1.ResourceList) {
	c.add(*resource.NewQuantity(1, resource.DecimalSI), corev1.ResourcePods, "count/pods")
	c.add(requests[corev1.ResourceCPU], corev1.ResourceCPU, corev1.ResourceRequestsCPU)
	c.add(requests[corev1.ResourceMemory], corev1.ResourceMemory, corev1.ResourceRequestsMemory)
	c.add(limits[corev1.ResourceCPU], corev1.ResourceLimitsCPU)
	c.add(limits[corev1.ResourceMemory], corev1.ResourceLimitsMemory)
}

// charged is what the missing pods, and those of their volumes that are missing, will count for.
func (s *survey) charged(missing []wantedPod) charges {
	sum := charges{}
	amounts := map[*corev1.PodSpec][2]corev1.ResourceList{}
	for _, pod := range missing {
		if _, known := amounts[pod.spec]; !known {
			requests, limits := s.amounts(pod.spec)
			amounts[pod.spec] = [2]corev1.ResourceList{requests, limits}
		}
		sum.addPod(amounts[pod.spec][0], amounts[pod.spec][1])
		for _, claim := range pod.claims {
			if s.claims[claim.Name+"-"+pod.name] == nil {
				sum.add(*resource.NewQuantity(1, resource.DecimalSI), corev1.ResourcePersistentVolumeClaims, "count/persistentvolumeclaims")
				sum.add(claim.Spec.Resources.Requests[corev1.ResourceStorage], corev1.ResourceRequestsStorage)
			}
		}
	}
	return sum
}

// chargedNow is what pods that are there count for. Those that have ended count for nothing.
func (s *survey) chargedNow(pods []*corev1.Pod) charges {
	sum := charges{}
	for _, pod := range pods {
		if pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed {
			sum.addPod(s.amounts(&pod.Spec))
		}
	}
	return sum
}
