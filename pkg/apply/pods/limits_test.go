package pods

import (
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"gpk/pkg/plan"
	"gpk/test/apitest"
)

func amounts(cpu, memory string) corev1.ResourceList {
	return corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)}
}

// An image pod asks for nothing, or for the least that limit ranges allow.
func TestWithin(t *testing.T) {
	for name, test := range map[string]struct {
		ranges         []corev1.LimitRangeItem
		request, limit corev1.ResourceList
	}{
		"no limit range": {nil, amounts("0", "0"), amounts("1", "256Mi")},
		"a minimum":      {[]corev1.LimitRangeItem{{Min: amounts("100m", "64Mi")}}, amounts("100m", "64Mi"), amounts("1", "256Mi")},
		"a large one":    {[]corev1.LimitRangeItem{{Min: amounts("2", "1Gi")}}, amounts("2", "1Gi"), amounts("2", "1Gi")},
		"a maximum":      {[]corev1.LimitRangeItem{{Max: amounts("500m", "128Mi")}}, amounts("0", "0"), amounts("500m", "128Mi")},
		"a ratio":        {[]corev1.LimitRangeItem{{MaxLimitRequestRatio: amounts("4", "2")}}, amounts("250m", "128Mi"), amounts("1", "256Mi")},
		"a broken ratio": {[]corev1.LimitRangeItem{{MaxLimitRequestRatio: amounts("3", "1.5")}}, amounts("334m", "178956971"), amounts("1", "256Mi")},
		"all of a limit range and another": {[]corev1.LimitRangeItem{{Min: amounts("100m", "64Mi"), Max: amounts("1", "128Mi")},
			{MaxLimitRequestRatio: amounts("2", "1")}}, amounts("500m", "128Mi"), amounts("1", "128Mi")},
	} {
		got := within(corev1.ResourceRequirements{Requests: amounts("0", "0"), Limits: amounts("1", "256Mi")}, test.ranges)
		for _, of := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
			request, limit := got.Requests[of], got.Limits[of]
			if request.Cmp(test.request[of]) != 0 || limit.Cmp(test.limit[of]) != 0 {
				t.Errorf("%s: %s %s of %s", name, of, request.String(), limit.String())
			}
		}
	}
}

// Who may not see limit ranges has the API server give the requests.
func TestPullBehindLimitRange(t *testing.T) {
	a := apitest.New()
	a.Admit = func(object plan.Object) error {
		if pod, ok := object.(*corev1.Pod); ok && pod.Spec.Containers[0].Resources.Requests != nil {
			return apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, pod.Name, errors.New("minimum cpu usage per Container is 100m, but request is 0"))
		}
		return nil
	}
	h := ShortLived{kube: clusterFor(t, apitest.ConfigOf(a)).kube}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{GenerateName: "demo-image-", Namespace: apitest.Ref.Namespace}}
	pod.Spec.Containers = apitest.ContainerOf("x:2", "0", "256Mi")
	if err := h.create(t.Context(), pod.DeepCopy(), false); !apierrors.IsForbidden(err) {
		t.Errorf("seen: %v", err)
	}
	if err := h.create(t.Context(), pod.DeepCopy(), true); err != nil || len(a.Names("pods")) != 1 {
		t.Errorf("unseen: %v", err)
	}
}
