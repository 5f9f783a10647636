package apply

import (
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/test/apitest"
)

// A fault of a node is named before those of its pods, with its time.
func TestStatusNamesLostNode(t *testing.T) {
	a := apitest.New()
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node9"}}
	node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionUnknown, Message: "no word",
		LastTransitionTime: metav1.NewTime(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))}}
	a.Put(node, lostPod("demo-primary-0", time.Minute))
	status, err := StatusOf(t.Context(), clusterFor(t, apitest.Served(t, a)))
	want := []string{"node node9 is not ready since 2026-11-22 12:00:00 UTC (no word); it has the pods demo-primary-0",
		"pod demo-primary-0 is being deleted", "no coordinator answers: no coordinator pod is running"}
	if err != nil || !slices.Equal(status.Faults, want) {
		t.Errorf("%q, error %v; want %q", status.Faults, err, want)
	}
}
