package record

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/kube"
	"gpk/pkg/plan"
	"gpk/test/apitest"
)

// What gpk has written is the cluster's without its labels, by whichever of gpk's names.
func TestStateWithoutLabels(t *testing.T) {
	a := apitest.New()
	a.Put(&corev1.ConfigMap{Data: map[string]string{plan.StateCoordinator: "demo-coordinator-1"},
		ObjectMeta: metav1.ObjectMeta{Name: "demo-state", ManagedFields: []metav1.ManagedFieldsEntry{{Manager: kube.ActingManager}}}})
	if state, err := clusterFor(t, apitest.ConfigOf(a)).store.State(t.Context()); err != nil || state[plan.StateCoordinator] != "demo-coordinator-1" {
		t.Errorf("state %v, error %v", state, err)
	}
}

// A record that is somebody else's by the end is not deleted.
func TestForgetLeavesForeignRecord(t *testing.T) {
	a := apitest.New()
	a.Put(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "demo-gpk"}})
	if err := clusterFor(t, apitest.ConfigOf(a)).store.Forget(t.Context()); err == nil || a.Get("configmaps", "demo-gpk") == nil {
		t.Errorf("error %v, left %v", err, a.Names("configmaps"))
	}
}
