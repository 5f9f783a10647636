package capacity

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	podresources "k8s.io/component-helpers/resource"

	"gpk/pkg/apply/fit"
	"gpk/pkg/apply/kube"
)

// quotas are those of the namespace, and its limit ranges, which matter to quotas only.
type quotas struct {
	all    []corev1.ResourceQuota
	limits limitRanges
}

func readQuotas(ctx context.Context, k *kube.Client) (q quotas, err error) {
	list, err := k.API.CoreV1().ResourceQuotas(k.Ref.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil || len(list.Items) == 0 {
		return q, kube.UnlessForbidden("resource quotas", err)
	}
	q.all = list.Items
	q.limits, err = readLimitRanges(ctx, k)
	return q, err
}

// exceeded says what the missing pods and volumes need that the namespace's quotas do not leave: such pods are never made. The pods that
// they replace give back what they have of a quota. Quotas with scopes, which count some pods only, are left to the API server.
func (q *quotas) exceeded(missing []wantedPod, replaced []*corev1.Pod, claims map[string]*corev1.PersistentVolumeClaim) []string {
	needed, returned := q.charged(missing, claims), q.chargedNow(replaced)
	var reasons []string
	for i := range q.all {
		quota := &q.all[i]
		if len(quota.Spec.Scopes) > 0 || quota.Spec.ScopeSelector != nil {
			continue
		}
		reasons = append(reasons, q.limits.unspecified(quota, missing)...)
		for _, name := range quotaNames() {
			hard, limited := quota.Spec.Hard[name]
			need := needed[name]
			left := hard.DeepCopy()
			left.Sub(quota.Status.Used[name])
			left.Add(returned[name])
			if limited && need.Cmp(left) > 0 {
				reasons = append(reasons, fmt.Sprintf("the quota %s of the namespace leaves %s of %s, and the missing pods need %s",
					quota.Name, left.String(), name, need.String()))
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

func (c charges) add(more charges) {
	for name, quantity := range more {
		total := c[name]
		total.Add(quantity)
		c[name] = total
	}
}

// ofPod is what one pod counts for.
func (q *quotas) ofPod(spec *corev1.PodSpec) charges {
	spec = q.limits.withDefaults(spec)
	requests, limits := fit.Requests(spec), podresources.PodLimits(&corev1.Pod{Spec: *spec}, podresources.PodResourcesOptions{})
	cpu, memory, one := requests[corev1.ResourceCPU], requests[corev1.ResourceMemory], *resource.NewQuantity(1, resource.DecimalSI)
	return charges{
		corev1.ResourcePods: one, "count/pods": one,
		corev1.ResourceCPU: cpu, corev1.ResourceRequestsCPU: cpu, corev1.ResourceLimitsCPU: limits[corev1.ResourceCPU],
		corev1.ResourceMemory: memory, corev1.ResourceRequestsMemory: memory, corev1.ResourceLimitsMemory: limits[corev1.ResourceMemory],
	}
}

// charged is what the missing pods and their missing volumes will count for.
func (q *quotas) charged(missing []wantedPod, claims map[string]*corev1.PersistentVolumeClaim) charges {
	one := *resource.NewQuantity(1, resource.DecimalSI)
	sum, ofPods := charges{}, map[*corev1.PodSpec]charges{}
	for _, pod := range missing {
		if ofPods[pod.spec] == nil {
			ofPods[pod.spec] = q.ofPod(pod.spec)
		}
		sum.add(ofPods[pod.spec])
		for _, claim := range pod.claims {
			if claims[claim.Name+"-"+pod.name] == nil {
				sum.add(charges{corev1.ResourcePersistentVolumeClaims: one, "count/persistentvolumeclaims": one,
					corev1.ResourceRequestsStorage: claim.Spec.Resources.Requests[corev1.ResourceStorage]})
			}
		}
	}
	return sum
}

// chargedNow is what existing pods count for. Finished pods count for nothing.
func (q *quotas) chargedNow(pods []*corev1.Pod) charges {
	sum := charges{}
	for _, pod := range pods {
		if pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed {
			sum.add(q.ofPod(&pod.Spec))
		}
	}
	return sum
}
