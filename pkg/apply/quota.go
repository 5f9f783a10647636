package apply

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	podresources "k8s.io/component-helpers/resource"

	"gpk/pkg/apply/fit"
)

func (t *Target) seeQuotas(ctx context.Context, s *survey, _ []*appsv1.StatefulSet) error {
	list, err := t.client.CoreV1().ResourceQuotas(t.Ref.Namespace).List(ctx, metav1.ListOptions{})
	if err == nil {
		s.quotas = list.Items
	}
	return unlessForbidden("resource quotas", err)
}

// beyondQuota says what the missing pods and volumes want that the namespace's quotas do not leave: such pods are never made.
// Quotas of some pods only (scopes) are left to the API server.
func (s *survey) beyondQuota(missing []wantedPod) []string {
	wanted := s.charged(missing)
	var reasons []string
	for i := range s.quotas {
		quota := &s.quotas[i]
		if len(quota.Spec.Scopes) > 0 || quota.Spec.ScopeSelector != nil {
			continue
		}
		for _, name := range quotaNames() {
			hard, limited := quota.Spec.Hard[name]
			want := wanted[name]
			left := hard.DeepCopy()
			left.Sub(quota.Status.Used[name])
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

// charged is what the missing pods, and those of their volumes that are missing, count for in a quota.
func (s *survey) charged(missing []wantedPod) corev1.ResourceList {
	sum := corev1.ResourceList{}
	add := func(quantity resource.Quantity, names ...corev1.ResourceName) {
		for _, name := range names {
			total := sum[name]
			total.Add(quantity)
			sum[name] = total
		}
	}
	one := *resource.NewQuantity(1, resource.DecimalSI)
	for _, pod := range missing {
		add(one, corev1.ResourcePods, "count/pods")
		add(pod.requests[corev1.ResourceCPU], corev1.ResourceCPU, corev1.ResourceRequestsCPU)
		add(pod.requests[corev1.ResourceMemory], corev1.ResourceMemory, corev1.ResourceRequestsMemory)
		add(pod.limits[corev1.ResourceCPU], corev1.ResourceLimitsCPU)
		add(pod.limits[corev1.ResourceMemory], corev1.ResourceLimitsMemory)
		for _, claim := range pod.claims {
			if s.claims[claim.Name+"-"+pod.name] == nil {
				add(one, corev1.ResourcePersistentVolumeClaims, "count/persistentvolumeclaims")
				add(claim.Spec.Resources.Requests[corev1.ResourceStorage], corev1.ResourceRequestsStorage)
			}
		}
	}
	return sum
}

// amounts are what one pod of a set requests, and its limits.
func amounts(set *appsv1.StatefulSet) (requests, limits corev1.ResourceList) {
	spec := &set.Spec.Template.Spec
	return fit.Requests(spec), podresources.PodLimits(&corev1.Pod{Spec: *spec}, podresources.PodResourcesOptions{})
}
