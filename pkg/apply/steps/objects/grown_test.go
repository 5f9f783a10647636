package objects

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/test/apitest"
	"gpk/test/roomtest"
)

// A claim has grown when its file system has, whatever it asks for. One that is larger already is fine, and one that is not there
// is the business of its stateful set.
func TestGrown(t *testing.T) {
	a := apitest.New()
	a.Put(apitest.SizedClaim("data-demo-primary-0", "2Gi", "1Gi"), apitest.SizedClaim("data-demo-primary-1", "2Gi", "2Gi"), apitest.SizedClaim("data-demo-primary-2", "3Gi", "3Gi"))
	wanted := []*corev1.PersistentVolumeClaim{apitest.SizedClaim("data-demo-primary-0", "2Gi", "0"), apitest.SizedClaim("data-demo-primary-1", "2Gi", "0"),
		apitest.SizedClaim("data-demo-primary-2", "2Gi", "0"), apitest.SizedClaim("data-demo-primary-3", "2Gi", "0")}
	finding, err := (&grownHandler{roomtest.New(t, apitest.ConfigOf(a)).Kube, plan.Grown{Claims: wanted}}).Check(t.Context())
	if err != nil || finding.State != engine.Pending || len(finding.Details) != 1 || finding.Details[0] != "the volume of the claim data-demo-primary-0 has 1Gi" {
		t.Errorf("found %+v, error %v", finding, err)
	}
	finding, err = (&growableHandler{kube: roomtest.New(t, apitest.ConfigOf(a)).Kube, action: plan.Growable{Claims: wanted}}).Check(t.Context())
	if err != nil || finding.State != engine.Done || len(finding.Details) != 0 {
		t.Errorf("nothing is to be asked for any more, and found %+v, error %v", finding, err)
	}
}

// A stateful set of another size goes and its pods stay; one of the same size stays too.
func TestOrphaned(t *testing.T) {
	a := apitest.New()
	pod := &corev1.Pod{ObjectMeta: apitest.Meta("demo-primary-0", "demo")}
	a.Put(apitest.SetOf("1Gi"), pod)
	target := roomtest.New(t, apitest.ConfigOf(a))
	same := &orphanedHandler{target.Kube, plan.Orphaned{Sets: []*appsv1.StatefulSet{apitest.SetOf("1024Mi")}}}
	if finding, err := same.Check(t.Context()); err != nil || finding.State != engine.Done {
		t.Errorf("of the same size: %+v, error %v", finding, err)
	}
	wanted := apitest.SetOf("2Gi")
	if finding, err := (&applyHandler{kube: target.Kube, action: plan.Apply{Objects: []plan.Object{wanted}}}).Check(t.Context()); err != nil ||
		finding.State != engine.Pending {
		t.Errorf("applying it: %+v, error %v", finding, err)
	}
	h := &orphanedHandler{target.Kube, plan.Orphaned{Sets: []*appsv1.StatefulSet{wanted}}}
	if finding, err := h.Check(t.Context()); err != nil || finding.State != engine.Pending {
		t.Errorf("of another size: %+v, error %v", finding, err)
	}
	if err := h.Do(t.Context(), func(string) {}); err != nil {
		t.Fatal(err)
	}
	if finding, err := h.Check(t.Context()); err != nil || finding.State != engine.Done || a.Get("statefulsets", "demo-primary") != nil || a.Get("pods", "demo-primary-0") == nil {
		t.Errorf("afterwards: %+v, error %v, and there are the pods %q", finding, err, a.Names("pods"))
	}
}
