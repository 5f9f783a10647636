package pods

import (
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/test/apitest"
)

// nodeOf is a node whose kubelet has been silent since a time, or is well.
func nodeOf(name string, lost time.Time) *corev1.Node {
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
	ready := corev1.NodeCondition{Type: corev1.NodeReady, Status: corev1.ConditionTrue}
	if !lost.IsZero() {
		ready = corev1.NodeCondition{Type: corev1.NodeReady, Status: corev1.ConditionUnknown, Message: "Kubelet stopped posting node status.",
			LastTransitionTime: metav1.NewTime(lost)}
	}
	node.Status.Conditions = []corev1.NodeCondition{ready}
	return node
}

// A lost node is named with its pods, whether Kubernetes deletes them already or not, and what is said of the pods begins with the node.
func TestLostNode(t *testing.T) {
	a := apitest.New()
	a.Put(nodeOf("node1", time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)), nodeOf("node2", time.Time{}))
	put := func(name, node string, known corev1.ConditionStatus, deleted bool) {
		pod := apitest.Pod(name, apitest.Runs(), true)
		pod.Spec.NodeName = node
		pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: known}}
		if deleted {
			pod.DeletionTimestamp = &metav1.Time{Time: time.Now()}
		}
		a.Put(pod)
	}
	put("demo-coordinator-0", "node1", corev1.ConditionFalse, false)
	put("demo-mirror-0", "node2", corev1.ConditionFalse, false)
	put("demo-mirror-1", "node2", corev1.ConditionTrue, false)
	put("demo-primary-0", "node1", corev1.ConditionFalse, true)
	p := clusterFor(t, apitest.Served(t, a)).pods
	list, err := p.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"node node1 is not ready since 2026-11-22 12:00:00 UTC (Kubelet stopped posting node status.); " +
		"it has the pods demo-coordinator-0, demo-primary-0"}
	if got := p.LostNodes(t.Context(), list); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	lost := p.Lost(t.Context(), []string{"demo-primary-0", "demo-mirror-0", "demo-mirror-1", "demo-coordinator-0"})
	if !slices.Equal(lost, []string{"demo-primary-0", "demo-coordinator-0"}) {
		t.Errorf("lost are %q", lost)
	}
	said := p.ByForce(lost...).String()
	if !strings.HasPrefix(said, "make sure that their nodes are off, then `kubectl delete pod -n analytics demo-primary-0 demo-coordinator-0 --force`") {
		t.Errorf("it says %q", said)
	}
}
