package failover

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
	"gpk/test/apitest"
	"gpk/test/roomtest"
)

// lostNode is a fake of two coordinators' pods, of which the first is on a lost node: no exec there ends, and ssh finds out after five
// seconds. No real node dies at will in a unit test. It takes real time: an exec needs a real connection.
type lostNode struct {
	api   *apitest.API
	mutex sync.Mutex
	// asked are the scripts that gpk has run in the first pod by exec, and calls how often it has tried ssh.
	asked []string
	calls int
	// back: execs in the first pod end again.
	back bool
}

func newLostNode(t *testing.T, renewed time.Duration) (*lostNode, *roomtest.Cluster) {
	t.Helper()
	n := &lostNode{api: apitest.New()}
	n.api.Lingers = time.Hour
	for i, name := range []string{"demo-coordinator-0", "demo-coordinator-1"} {
		pod := apitest.Pod(name, apitest.Runs(), true)
		pod.Labels[plan.ComponentLabel] = string(topology.CoordinatorComponent)
		pod.Spec.NodeName = fmt.Sprintf("node%d", i)
		n.api.Put(pod)
	}
	at := metav1.NewMicroTime(time.Now().Add(-renewed))
	n.api.Put(&coordinationv1.Lease{ObjectMeta: apitest.Meta("node0", ""), Spec: coordinationv1.LeaseSpec{RenewTime: &at}})
	ended := make(chan struct{})
	renewing(n.api, "node1", time.Now(), 2*time.Second, ended)
	n.api.Exec = func(pod string, argv []string, _ io.Reader, out, errs io.Writer) int {
		script := strings.TrimPrefix(strings.Join(argv[1:min(3, len(argv))], " "), "/gpk/scripts/")
		if pod == "demo-coordinator-0" {
			n.mutex.Lock()
			n.asked = append(n.asked, script)
			back := n.back
			n.mutex.Unlock()
			if !back {
				<-ended
			}
			return 0
		}
		return n.standby(script, out, errs)
	}
	c := roomtest.New(t, apitest.Served(t, n.api))
	t.Cleanup(func() { close(ended) })
	if _, err := c.Store.Decide(t.Context(), record.ActsIn("demo-coordinator-0", nil)); err != nil {
		t.Fatal(err)
	}
	return n, c
}

// renewing has a kubelet renew its lease every so often until it ended, from a time of its clock on.
func renewing(a *apitest.API, node string, from time.Time, every time.Duration, ended <-chan struct{}) {
	put := func(passed time.Duration) {
		at, holds := metav1.NewMicroTime(from.Add(passed)), int32(10)
		a.Put(&coordinationv1.Lease{ObjectMeta: apitest.Meta(node, ""),
			Spec: coordinationv1.LeaseSpec{RenewTime: &at, LeaseDurationSeconds: &holds}})
	}
	put(0)
	go func() {
		for passed := every; ; passed += every {
			select {
			case <-time.After(every):
				put(passed)
			case <-ended:
				return
			}
		}
	}()
}

// standby runs a script in the standby's pod, which has heard nothing for an hour.
func (n *lostNode) standby(script string, out, errs io.Writer) int {
	switch script {
	case "hosts.sh over":
		n.mutex.Lock()
		n.calls++
		n.mutex.Unlock()
		time.Sleep(5 * time.Second)
		return sshFailed
	case "hosts.sh count":
		fmt.Fprintln(out, "5 6")
	case "coordinator.sh following":
		now := time.Now().Unix()
		fmt.Fprintf(out, "instance running\nfollows yes\nreceived 0/1\nstreamed %[1]d\nheard %[1]d\nnow %[2]d\nend\n", now-3600, now)
	case "instances.sh coordinator":
		fmt.Fprint(out, "marker initialised\nend\n")
		fmt.Fprintln(errs, "psql: error: connection refused")
		return 2
	}
	return 0
}

func (n *lostNode) count() (asked []string, calls int) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	return slices.Clone(n.asked), n.calls
}

// A failover from a node that is gone asks its pod by exec and by ssh at the same time, before it decides and once more before it activates:
// from the command to the activation it takes little more than two execs that nobody answers.
func TestLostNodeIsAskedTwice(t *testing.T) {
	t.Parallel()
	n, c := newLostNode(t, time.Hour)
	old, began := oldOf(c), time.Now()
	both := []topology.Instance{{Pod: "demo-coordinator-0", Host: "demo-coordinator-0.demo"}, {Pod: "demo-coordinator-1", Host: "demo-coordinator-1.demo"}}
	from, to, healthy, err := old.Takeover(t.Context(), both)
	if err != nil || healthy || (plan.Takeover{From: from, To: to}) != takeover() {
		t.Fatalf("from %s to %s, healthy %t, error %v", from, to, healthy, err)
	}
	e := plan.Eligible{Takeover: takeover(), FromHost: both[0].Host}
	check := func(name string, h engine.Handler, want engine.State) {
		t.Helper()
		if finding, err := h.Check(t.Context()); err != nil || finding.State != want {
			t.Fatalf("%s: %+v, error %v; want %s", name, finding, err, want)
		}
	}
	check("eligible", &eligibleHandler{OldCoordinator: old, action: e}, engine.Done)
	fence := &fenceHandler{OldCoordinator: old, action: plan.Fence{Eligible: e}}
	check("fence before", fence, engine.Pending)
	if err := fence.Do(t.Context(), func(string) {}); err != nil || !fence.waited {
		t.Fatalf("fence: error %v, waited %t", err, fence.waited)
	}
	check("fence after", fence, engine.Done)
	check("activate", &activateHandler{old, plan.Activate{Eligible: e}}, engine.Pending)
	if old.found.known() != CutOff {
		t.Errorf("the evidence is %q", old.found.known())
	}
	// What the activation compares.
	if loss, err := old.loss(t.Context(), e, segments.Following{Received: "0/1", Streamed: time.Now(), Now: time.Now()}, true); err != nil || loss != "" {
		t.Errorf("loss %q, error %v", loss, err)
	}
	took := time.Since(began)
	if asked, calls := n.count(); len(asked) != 2 || calls != 2 {
		t.Errorf("the pod was asked by exec for %q, and by ssh %d times", asked, calls)
	}
	if most := 2*database.AskTimeout + 8*time.Second; took > most {
		t.Errorf("the decision took %s, more than %s", took, most)
	}
}

// A coordinator that can be reached again before it must have stopped itself is stopped.
func TestFenceStopsWhoIsBack(t *testing.T) {
	t.Parallel()
	n, c := newLostNode(t, selfFence+clockSkew-4*time.Second)
	old := oldOf(c)
	outOfReach(old)
	fence := &fenceHandler{OldCoordinator: old, action: plan.Fence{Eligible: plan.Eligible{Takeover: takeover()}}}
	err := fence.Do(t.Context(), func(line string) {
		if strings.Contains(line, "cut off") {
			n.mutex.Lock()
			defer n.mutex.Unlock()
			n.back = true
		}
	})
	asked, _ := n.count()
	if err != nil || !fence.halted || !slices.Contains(asked, "coordinator.sh halt") {
		t.Errorf("error %v, stopped %t; its pod was asked for %q", err, fence.halted, asked)
	}
}
