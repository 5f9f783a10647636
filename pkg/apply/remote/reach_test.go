package remote

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

// A way that led nowhere is not tried for a while, is known since when it first did, and is forgotten once it leads somewhere.
func TestUnreachable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, gone := &Pods{}, errors.New("no answer")
		exec, ssh := ByExec("p0"), BySSH("p0", "p1")
		began := time.Now()
		p.Note(exec, gone)
		if !errors.Is(p.Unreachable(exec), gone) || p.Unreachable(ssh) != nil || p.Unreachable(ByExec("p1")) != nil {
			t.Errorf("exec: %v, ssh: %v", p.Unreachable(exec), p.Unreachable(ssh))
		}
		time.Sleep(10 * time.Second)
		p.Note(ssh, gone)
		if since, known := p.UnreachableSince(exec, ssh); !known || since.Sub(began) != 10*time.Second {
			t.Errorf("unreachable by both since %s, %t", since.Sub(began), known)
		}
		p.TryAgain(ssh)
		if p.Unreachable(ssh) != nil {
			t.Error("a way that is to be tried again is not")
		}
		time.Sleep(unreachableHolds - 10*time.Second)
		if p.Unreachable(exec) != nil {
			t.Errorf("it is not tried after %s", time.Since(began))
		}
		p.Note(exec, gone)
		if since, _ := p.UnreachableSince(exec); !since.Equal(began) {
			t.Errorf("unreachable since %s after the first time", since.Sub(began))
		}
		p.Note(exec, nil)
		if _, known := p.UnreachableSince(exec); known || p.Unreachable(exec) != nil {
			t.Error("who answers is out of reach")
		}
	})
}

// A kubelet is silent that renews its lease no more, by no clock but the time that passes here, or that Kubernetes has given up.
func TestListen(t *testing.T) {
	tests := map[string]struct {
		lease, renews, lost bool
		waits               time.Duration
		silent              bool
	}{
		"its node is gone":                     {true, false, false, 15 * time.Second, true},
		"it is well":                           {true, true, false, 15 * time.Second, false},
		"the pod soon answered":                {true, false, false, time.Second / 2, false},
		"the pod answered before the lease":    {true, false, false, 12 * time.Second, false},
		"gpk may not see it":                   {false, false, false, 15 * time.Second, false},
		"Kubernetes has given it up":           {false, false, true, 3 * time.Second, true},
		"given up, though it renews its lease": {true, true, true, 15 * time.Second, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := fake.NewClientset(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p0", Namespace: "analytics"},
					Spec: corev1.PodSpec{NodeName: "node0"}})
				node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node0"}}
				if test.lost {
					node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionUnknown}}
				}
				must(t, client.Tracker().Add(node))
				// The node's clock is a day behind.
				at := metav1.NewMicroTime(time.Now().Add(-24 * time.Hour))
				lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: "node0", Namespace: corev1.NamespaceNodeLease},
					Spec: coordinationv1.LeaseSpec{RenewTime: &at}}
				if test.lease {
					must(t, client.Tracker().Add(lease))
				}
				silent := New(client, nil, "analytics", "").Listen(t.Context(), "p0")
				time.Sleep(test.waits / 2)
				if test.renews {
					later := metav1.NewMicroTime(at.Add(10 * time.Second))
					renewed := lease.DeepCopy()
					renewed.Spec.RenewTime = &later
					_, err := client.CoordinationV1().Leases(corev1.NamespaceNodeLease).Update(t.Context(), renewed, metav1.UpdateOptions{})
					must(t, err)
				}
				time.Sleep(test.waits / 2)
				if got := silent(); got != test.silent {
					t.Errorf("silent is %t", got)
				}
			})
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
