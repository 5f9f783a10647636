package apply

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/plan"
)

func sizedClaim(name, requested, has string) *corev1.PersistentVolumeClaim {
	claim := &corev1.PersistentVolumeClaim{ObjectMeta: meta(name, "demo")}
	claim.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(requested)}
	claim.Status.Capacity = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(has)}
	return claim
}

// A claim has grown when its file system has, whatever it asks for. One that is larger already is fine, and one that is not there
// is the business of its stateful set.
func TestGrown(t *testing.T) {
	a := newAPI()
	a.put(sizedClaim("data-demo-primary-0", "2Gi", "1Gi"), sizedClaim("data-demo-primary-1", "2Gi", "2Gi"), sizedClaim("data-demo-primary-2", "3Gi", "3Gi"))
	wanted := []*corev1.PersistentVolumeClaim{sizedClaim("data-demo-primary-0", "2Gi", "0"), sizedClaim("data-demo-primary-1", "2Gi", "0"),
		sizedClaim("data-demo-primary-2", "2Gi", "0"), sizedClaim("data-demo-primary-3", "2Gi", "0")}
	finding, err := (&grownHandler{a.target(t), plan.Grown{Claims: wanted}}).Check(t.Context())
	if err != nil || finding.State != Pending || len(finding.Details) != 1 || finding.Details[0] != "the volume of the claim data-demo-primary-0 has 1Gi" {
		t.Errorf("found %+v, error %v", finding, err)
	}
	finding, err = (&growableHandler{target: a.target(t), action: plan.Growable{Claims: wanted}}).Check(t.Context())
	if err != nil || finding.State != Done || len(finding.Details) != 0 {
		t.Errorf("nothing is to be asked for any more, and found %+v, error %v", finding, err)
	}
}

func setOf(size string) *appsv1.StatefulSet {
	set := &appsv1.StatefulSet{TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "StatefulSet"}, ObjectMeta: meta("demo-primary", "demo")}
	set.Namespace = ref.Namespace
	set.Spec.VolumeClaimTemplates = []corev1.PersistentVolumeClaim{*sizedClaim("data", size, "0")}
	return set
}

// A stateful set of another size goes and its pods stay; one of the same size stays too.
func TestOrphaned(t *testing.T) {
	a := newAPI()
	pod := &corev1.Pod{ObjectMeta: meta("demo-primary-0", "demo")}
	a.put(setOf("1Gi"), pod)
	target := a.target(t)
	same := &orphanedHandler{target, plan.Orphaned{Sets: []*appsv1.StatefulSet{setOf("1024Mi")}}}
	if finding, err := same.Check(t.Context()); err != nil || finding.State != Done {
		t.Errorf("of the same size: %+v, error %v", finding, err)
	}
	wanted := setOf("2Gi")
	if finding, err := (&applyHandler{target: target, action: plan.Apply{Objects: []plan.Object{wanted}}}).Check(t.Context()); err != nil ||
		finding.State != Pending {
		t.Errorf("applying it: %+v, error %v", finding, err)
	}
	h := &orphanedHandler{target, plan.Orphaned{Sets: []*appsv1.StatefulSet{wanted}}}
	if finding, err := h.Check(t.Context()); err != nil || finding.State != Pending {
		t.Errorf("of another size: %+v, error %v", finding, err)
	}
	if err := h.Do(t.Context(), func(string) {}); err != nil {
		t.Fatal(err)
	}
	if finding, err := h.Check(t.Context()); err != nil || finding.State != Done || a.get("statefulsets", "demo-primary") != nil || a.get("pods", "demo-primary-0") == nil {
		t.Errorf("afterwards: %+v, error %v, and there are the pods %q", finding, err, a.names("pods"))
	}
}
