package remote

import (
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

// leases are those of the nodes of two coordinators' pods, p0 and p1. The clock of each node is wrong by a day.
type leases struct {
	t      *testing.T
	client *fake.Clientset
}

func newLeases(t *testing.T, holds int32, nodes ...string) leases {
	t.Helper()
	l := leases{t, fake.NewClientset()}
	for i, node := range nodes {
		labels := map[string]string{plan.ComponentLabel: string(topology.CoordinatorComponent)}
		must(t, l.client.Tracker().Add(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p" + string(rune('0'+i)), Namespace: "analytics", Labels: labels},
			Spec: corev1.PodSpec{NodeName: node}}))
		at := metav1.NewMicroTime(time.Now().Add(-24 * time.Hour))
		lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: node, Namespace: corev1.NamespaceNodeLease},
			Spec: coordinationv1.LeaseSpec{RenewTime: &at, LeaseDurationSeconds: &holds}}
		if holds > 0 && (i == 0 || node != nodes[0]) {
			must(t, l.client.Tracker().Add(lease))
		}
	}
	return l
}

// renew renews the lease of a node, as its kubelet does.
func (l leases) renew(node string) {
	l.t.Helper()
	found := l.client.CoordinationV1().Leases(corev1.NamespaceNodeLease)
	lease, err := found.Get(l.t.Context(), node, metav1.GetOptions{})
	must(l.t, err)
	later := metav1.NewMicroTime(lease.Spec.RenewTime.Add(10 * time.Second))
	lease.Spec.RenewTime = &later
	_, err = found.Update(l.t.Context(), lease, metav1.UpdateOptions{})
	must(l.t, err)
}

// A kubelet is silent that renews its lease no more while another one does, by no clock but the time that passes here, and by the lease's own
// duration, or that Kubernetes has given up.
func TestListen(t *testing.T) {
	const none, unknown, notReady = corev1.ConditionTrue, corev1.ConditionUnknown, corev1.ConditionFalse
	tests := map[string]struct {
		holds   int32
		nodes   []string
		renews  []string
		ready   corev1.ConditionStatus
		waits   time.Duration
		silent  bool
		because bool
	}{
		"its node is gone":                     {40, []string{"node0", "node1"}, []string{"node1"}, none, 15 * time.Second, true, false},
		"it is well":                           {40, []string{"node0", "node1"}, []string{"node0", "node1"}, none, 15 * time.Second, false, false},
		"no lease is renewed":                  {40, []string{"node0", "node1"}, nil, none, 15 * time.Second, false, true},
		"there is one node":                    {40, []string{"node0", "node0"}, nil, none, 15 * time.Second, false, true},
		"there is one pod":                     {40, []string{"node0"}, nil, none, 15 * time.Second, false, true},
		"its lease holds longer":               {120, []string{"node0", "node1"}, []string{"node1"}, none, 15 * time.Second, false, false},
		"a longer lease, for longer":           {120, []string{"node0", "node1"}, []string{"node1"}, none, 38 * time.Second, true, false},
		"the pod soon answered":                {40, []string{"node0", "node1"}, []string{"node1"}, none, time.Second / 2, false, false},
		"the pod answered before the lease":    {40, []string{"node0", "node1"}, []string{"node1"}, none, 12 * time.Second, false, false},
		"gpk may not see it":                   {0, []string{"node0", "node1"}, nil, none, 15 * time.Second, false, false},
		"Kubernetes has given it up":           {0, []string{"node0", "node1"}, nil, unknown, 3 * time.Second, true, false},
		"it says itself that it is not ready":  {0, []string{"node0", "node1"}, nil, notReady, 3 * time.Second, false, false},
		"given up, though it renews its lease": {40, []string{"node0", "node1"}, []string{"node0", "node1"}, unknown, 15 * time.Second, false, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLeases(t, test.holds, test.nodes...)
				must(t, l.client.Tracker().Add(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node0"}, Status: corev1.NodeStatus{
					Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: test.ready}}}}))
				silent := New(l.client, nil, "analytics", "").Listen(t.Context(), "p0")
				time.Sleep(test.waits / 2)
				for _, node := range test.renews {
					l.renew(node)
				}
				time.Sleep(test.waits / 2)
				if got, note := silent(); got != test.silent || (note != "") != test.because {
					t.Errorf("silent is %t, because %q", got, note)
				}
			})
		})
	}
}

// A kubelet that renews its lease is well, whatever its clock says, and one that does not is not.
func TestRenews(t *testing.T) {
	for _, renews := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			l := newLeases(t, 40, "node0")
			pods := New(l.client, nil, "analytics", "")
			read, known := pods.Nodes.Lease(t.Context(), "node0")
			if !known {
				t.Fatal("there is no lease")
			}
			if renews {
				time.AfterFunc(9*time.Second, func() { l.renew("node0") })
			}
			if got := pods.Nodes.Renews(t.Context(), read); got != renews {
				t.Errorf("it renews its lease is %t, want %t", got, renews)
			}
		})
	}
}
