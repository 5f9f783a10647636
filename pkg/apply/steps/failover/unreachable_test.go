package failover

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/test/apitest"
	"gpk/test/roomtest"
)

// Of a coordinator out of reach, what counts is whether the standby followed when its node was last heard of.
func TestLossUnreachable(t *testing.T) {
	now := time.Unix(1700000000, 0)
	at := func(before time.Duration) time.Time { return now.Add(-before) }
	tests := map[string]struct {
		streamed, heard time.Duration
		safe            bool
	}{
		"it follows still":                {time.Second, time.Minute, true},
		"it followed after the last sign": {time.Hour, time.Hour + time.Second, true},
		"and just before it":              {time.Hour, time.Hour - 10*time.Second, true},
		"it was gone before":              {time.Hour, 30 * time.Minute, false},
		"half a minute before":            {time.Hour, time.Hour - 30*time.Second, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := lossUnreachable(lifeSigns{lastAlive: at(test.heard)}, segments.Following{Streamed: at(test.streamed), Now: now})
			if (got == "") != test.safe {
				t.Errorf("got %q, safe is %v", got, test.safe)
			}
		})
	}
	// A clock that was set back tells nothing.
	if got := lossUnreachable(lifeSigns{lastAlive: now}, segments.Following{Streamed: now.Add(time.Hour), Now: now}); got == "" {
		t.Error("a standby that followed until a time that is still to come lacks nothing")
	}
	// Scripts that do not tell the time leave what Kubernetes says.
	old := segments.Following{Streamed: at(time.Second)}
	for heard, safe := range map[time.Time]bool{at(0): true, at(-time.Minute): false, {}: false} {
		if got := lossUnreachable(lifeSigns{lastAlive: heard}, old); (got == "") != safe {
			t.Errorf("of older scripts, heard at %s: got %q, safe is %t", heard, got, safe)
		}
	}
	if got := lossUnreachable(lifeSigns{lastAlive: now}, segments.Following{Streamed: time.Unix(0, 0), Now: now}); !strings.Contains(got, "an unknown time") {
		t.Errorf("of a standby that never noted anything: %q", got)
	}
}

// onNode is a pod of a node that was heard of some time ago by the nodes' clock. Without a lease gpk may not see it.
func onNode(a *apitest.API, nodesNow time.Time, heard time.Duration, lease bool) {
	a.Put(&corev1.Pod{ObjectMeta: apitest.Meta("demo-coordinator-0", "demo"), Spec: corev1.PodSpec{NodeName: "node1"}})
	if lease {
		at := metav1.NewMicroTime(nodesNow.Add(-heard))
		a.Put(&coordinationv1.Lease{ObjectMeta: apitest.Meta("node1", ""), Spec: coordinationv1.LeaseSpec{RenewTime: &at}})
	}
}

// besideIt is the standby's pod on a node that renewed its lease some time ago: the witness.
func besideIt(a *apitest.API, nodesNow time.Time, renewed time.Duration) {
	a.Put(&corev1.Pod{ObjectMeta: apitest.Meta("demo-coordinator-1", "demo"), Spec: corev1.PodSpec{NodeName: "node2"}})
	at := metav1.NewMicroTime(nodesNow.Add(-renewed))
	a.Put(&coordinationv1.Lease{ObjectMeta: apitest.Meta("node2", ""), Spec: coordinationv1.LeaseSpec{RenewTime: &at}})
}

var skews = []time.Duration{0, time.Minute, -time.Minute, 24 * time.Hour, -24 * time.Hour}

// However wrong the clock of gpk's machine is, it waits until a coordinator that is cut off has stopped itself, and no longer, and
// knows how long its node lived.
func TestLifeSigns(t *testing.T) {
	tests := map[string]struct {
		heard       time.Duration
		lease, asks bool
		wait, lived time.Duration
		// witness is how long ago the standby's node renewed its lease.
		witness time.Duration
	}{
		"its node was well a moment ago":        {time.Second, true, true, selfFence, time.Second, time.Second},
		"its node was heard of 30 s ago":        {30 * time.Second, true, true, 29 * time.Second, 30 * time.Second, 11 * time.Second},
		"its node has been gone for an hour":    {time.Hour, true, true, 59*time.Second - time.Hour, time.Hour, time.Second},
		"no lease is renewed":                   {time.Hour, true, true, selfFence, nodeGrace, time.Hour},
		"the witness is of another time":        {time.Hour, true, true, selfFence, nodeGrace, -time.Hour},
		"none is, and it was well later":        {30 * time.Second, true, true, selfFence, 30 * time.Second, time.Hour},
		"the same, and nobody knows the time":   {time.Hour, true, false, selfFence, -1, time.Second},
		"gpk may not see its node":              {0, false, true, selfFence, nodeGrace, time.Second},
		"neither its node nor the time is seen": {0, false, false, selfFence, -1, time.Second},
	}
	for name, test := range tests {
		for _, skew := range skews {
			t.Run(name+", gpk ahead by "+skew.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a := apitest.New()
					nodesNow := time.Now().Add(-skew)
					onNode(a, nodesNow, test.heard, test.lease)
					besideIt(a, nodesNow, test.witness)
					var nodes nodeClock
					if test.asks {
						nodes = nodeClock{nodesNow, time.Now()}
					}
					s := oldOf(roomtest.New(t, apitest.ConfigOf(a))).lifeSigns(t.Context(), takeover(), nodes)
					if wait := time.Until(s.stopped); wait != test.wait {
						t.Errorf("it waits %s, want %s", wait, test.wait)
					}
					if lived := nodesNow.Sub(s.lastAlive); test.lived >= 0 && lived != test.lived || (test.lived < 0) != s.lastAlive.IsZero() {
						t.Errorf("it lived until %s ago, want %s", lived, test.lived)
					}
				})
			})
		}
	}
}

// A loss is seen by the clocks of the nodes alone.
func TestLossByNodesClock(t *testing.T) {
	for _, skew := range skews {
		for streamed, safe := range map[time.Duration]bool{time.Second: true, 95 * time.Second: true, 2 * time.Minute: false} {
			synctest.Test(t, func(t *testing.T) {
				a := apitest.New()
				nodesNow := time.Now().Add(-skew)
				// Nobody reaches it, and its node died 90 s ago.
				onNode(a, nodesNow, 90*time.Second, true)
				besideIt(a, nodesNow, time.Second)
				old := oldOf(roomtest.New(t, apitest.ConfigOf(a)))
				outOfReach(old)
				got, err := old.loss(t.Context(), plan.Eligible{Takeover: takeover()},
					segments.Following{Follows: true, Received: "0/1", Streamed: nodesNow.Add(-streamed), Now: nodesNow}, false)
				if err != nil || (got == "") != safe {
					t.Errorf("gpk ahead by %s, followed until %s ago: %q, error %v; safe is %t", skew, streamed, got, err, safe)
				}
			})
		}
	}
}

// fencing is an old coordinator that is out of reach, and what gpk's standby says of it.
type fencing struct {
	// over is the exit status of ssh from the standby's pod: 255 where it reaches nobody.
	over int
	// heard is how long ago the standby heard from the coordinator's machine.
	heard time.Duration
	pod   *corev1.Pod
	// lease is how long ago the node's lease was renewed.
	lease time.Duration
	// older: the standby's pod has the scripts of an earlier gpk, which know ssh by name only.
	older bool
	// renews: the node's kubelet goes on renewing its lease.
	renews bool
	// exec is what an exec in the old pod answers, by its script. Nil: its stream is cut.
	exec func(verb string) int
	// refused is what the API server answers to each exec in the old pod. Nil: it takes them.
	refused error
	// sessions is what the segments' hosts say when they are to end the old coordinator's sessions there.
	sessions string
}

// What everywhere.sh prints of two hosts, of which one is on the lost node.
const (
	silentHost = "demo-primary-0 exit 255\n"
	ended      = silentHost + "demo-primary-1 severed /greenplum/primary/gpseg1 3\ndemo-primary-1 end\ndemo-primary-1 exit 0\nend\n"
	goOn       = silentHost + "demo-primary-1 left /greenplum/primary/gpseg1 3\ndemo-primary-1 end\ndemo-primary-1 exit 0\nend\n"
	noVerb     = silentHost + "demo-primary-1 unknown verb: sever\ndemo-primary-1 exit 2\nend\n"
)

// fence carries the step out until a line with some words; it returns what was said last.
func (f fencing) fence(t *testing.T, until string) (h *fenceHandler, last string, err error) {
	t.Helper()
	a := apitest.New()
	nodesNow := time.Now().Add(-time.Hour)
	standby := apitest.Pod("demo-coordinator-1", apitest.Runs(), true)
	standby.Spec.NodeName = "node2"
	a.Put(standby)
	every := time.Hour
	if f.renews {
		every = time.Second
	}
	renewing(a, "node1", nodesNow.Add(-f.lease), every, t.Context().Done())
	renewing(a, "node2", nodesNow.Add(-time.Second), time.Hour, t.Context().Done())
	a.FailWith(func(r *http.Request) error {
		if strings.HasSuffix(r.URL.Path, "/demo-coordinator-0/exec") {
			return f.refused
		}
		return nil
	})
	if f.pod != nil {
		f.pod.Spec.NodeName = "node1"
		a.Put(f.pod)
	}
	a.Exec = func(pod string, argv []string, in io.Reader, out, errs io.Writer) int {
		switch {
		case pod != "demo-coordinator-1" && f.exec != nil:
			return f.exec(argv[2])
		case pod != "demo-coordinator-1":
			return apitest.Cut
		case strings.HasSuffix(argv[1], "/hosts.sh") && argv[2] == "over" && f.older:
			fmt.Fprintln(errs, "unknown verb: over")
			return 2
		case strings.HasSuffix(argv[1], "/hosts.sh") && argv[2] == "over", argv[2] == "ssh":
			return f.over
		case strings.HasSuffix(argv[1], "/hosts.sh"):
			fmt.Fprintln(out, "5 6")
		case strings.HasSuffix(argv[1], "/everywhere.sh"):
			calls, _ := io.ReadAll(in)
			said := cmp.Or(f.sessions, ended)
			if !strings.Contains(string(calls), "demo-primary-1") {
				said = silentHost + "end\n"
			} else if !strings.Contains(string(calls), "demo-primary-0") {
				said = strings.TrimPrefix(said, silentHost)
			}
			fmt.Fprint(out, said)
		default:
			fmt.Fprintf(out, "instance running\nfollows yes\nreceived 0/1\nstreamed %[1]d\nheard %[1]d\nnow %[2]d\nend\n",
				nodesNow.Add(-f.heard).Unix(), nodesNow.Unix())
		}
		return 0
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	target := roomtest.New(t, apitest.Served(t, a))
	h = &fenceHandler{OldCoordinator: oldOf(target), action: plan.Fence{
		Eligible: plan.Eligible{Takeover: takeover()}, Hosts: []string{"demo-primary-0", "demo-primary-1"}}}
	err = h.Do(ctx, func(line string) {
		if last = line; until != "" && strings.Contains(line, until) {
			cancel(errEnough)
		}
	})
	return h, last, err
}

var errEnough = errors.New("enough seen")

// The wait for a coordinator that is cut off is as long where gpk's clock is ahead of the nodes'.
func TestFenceWaits(t *testing.T) {
	h, last, err := fencing{over: sshFailed, heard: time.Hour, lease: time.Second,
		pod: apitest.Pod("demo-coordinator-0", apitest.Runs(), true)}.fence(t, "cut off")
	if !errors.Is(err, errEnough) || !strings.Contains(last, "within 4") || h.waited {
		t.Errorf("it said %q, error %v; it has to wait for some 45 s", last, err)
	}
}

// Time alone is no evidence: a standby that hears from the coordinator's machine, a pod that was deleted by force, and one whose
// successor waits for a node may have a coordinator that takes writes.
func TestFenceNeedsEvidence(t *testing.T) {
	const hour = time.Hour
	replaced := func() *corev1.Pod {
		return apitest.Pod("demo-coordinator-0", apitest.Waits("ContainerCreating", ""), false)
	}
	runs := func() *corev1.Pod { return apitest.Pod("demo-coordinator-0", apitest.Runs(), true) }
	crashed := func() *corev1.Pod {
		pod := apitest.Pod("demo-coordinator-0", apitest.Waits("CrashLoopBackOff", ""), false)
		for i := range pod.Status.ContainerStatuses {
			pod.Status.ContainerStatuses[i].LastTerminationState = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1}}
		}
		return pod
	}
	done := func(string) int { return 0 }
	cutAmid := func(verb string) int {
		if verb == "halt" {
			return apitest.Cut
		}
		return 0
	}
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "demo-coordinator-0", errors.New("no right to create pods/exec"))
	expired := apierrors.NewUnauthorized("expired")
	tests := map[string]struct {
		fencing
		evidence Evidence
		until    string
		says     string
	}{
		"it was stopped over ssh":        {fencing{pod: replaced(), lease: hour}, StoppedBySSH, "", ""},
		"it was stopped by name":         {fencing{pod: replaced(), lease: hour, older: true}, StoppedBySSH, "", ""},
		"it was stopped by exec":         {fencing{pod: runs(), lease: hour, over: sshFailed, exec: done}, StoppedByExec, "", ""},
		"nobody is there by name":        {fencing{over: sshFailed, heard: hour, lease: hour, older: true}, "", "", "gpk failover --fenced"},
		"its successor waits for a node": {fencing{over: sshFailed, heard: hour, pod: replaced(), lease: hour}, "", "", "gpk failover --fenced"},
		"its pod was deleted":            {fencing{over: sshFailed, heard: hour, lease: hour}, "", "", "gpk failover --fenced"},
		"its kubelet says that it ended": {fencing{over: sshFailed, heard: hour, pod: crashed(), lease: hour, renews: true}, ContainerEnded, "", ""},
		"a kubelet that is lost said so": {fencing{over: sshFailed, heard: hour, pod: crashed(), lease: hour}, CutOff, "", ""},
		"the same, by a clock that is ahead": {
			fencing{over: sshFailed, heard: hour, pod: crashed(), lease: -hour}, "", "cut off", "cut off"},
		"the same, and the standby hears": {fencing{over: sshFailed, heard: 3 * time.Second, pod: crashed(), lease: hour}, "", "heard", "3s ago"},
		"the standby hears from it":       {fencing{over: sshFailed, heard: 3 * time.Second, pod: runs(), lease: hour}, "", "heard", "3s ago"},
		"nobody has heard of it for long": {fencing{over: sshFailed, heard: hour, pod: runs(), lease: hour}, CutOff, "", ""},
		"its sessions go on": {
			fencing{over: sshFailed, heard: hour, pod: runs(), lease: hour, sessions: goOn}, "", "gpseg1 has 3 sessions", "3 sessions that do not end"},
		"an earlier gpk's scripts end none": {fencing{over: sshFailed, heard: hour, pod: runs(), lease: hour, sessions: noVerb}, Silent, "", ""},
		"its kubelet renews its lease":      {fencing{over: sshFailed, heard: hour, pod: runs(), lease: hour, renews: true}, "", "", "renews its lease"},
		"the stop may have begun over ssh":  {fencing{over: apitest.Cut, heard: hour, pod: runs(), lease: hour}, "", "", "may have begun"},
		"the stop may have begun by exec":   {fencing{over: sshFailed, heard: hour, pod: runs(), lease: hour, exec: cutAmid}, "", "", "may have begun by exec"},
		"the stop over ssh did not succeed": {fencing{over: 1, heard: hour, pod: runs(), lease: hour}, "", "", "exit status 1"},
		"the API server refuses to ask it":  {fencing{over: sshFailed, heard: hour, pod: runs(), lease: hour, refused: forbidden}, "", "", "did not let gpk ask"},
		"it refuses for long": {
			fencing{over: sshFailed, heard: hour, pod: runs(), lease: hour, refused: expired}, "", "asking again", "did not let gpk ask"},
		"it refuses, and ssh leads there": {fencing{pod: runs(), lease: hour, refused: forbidden}, StoppedBySSH, "", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, last, err := test.fence(t, test.until)
			if got := h.found.known(); got != test.evidence {
				t.Errorf("the evidence is %q, want %q", got, test.evidence)
			}
			if test.evidence != "" {
				if err != nil || !h.halted && !h.waited {
					t.Errorf("error %v, halted %t, waited %t", err, h.halted, h.waited)
				}
				return
			}
			said := last
			if next, ok := errors.AsType[*engine.NextError](err); ok {
				said += next.Error() + next.Next.String()
			} else if err != nil {
				said += err.Error()
			}
			if err == nil || h.halted || h.waited || !strings.Contains(said, test.says) {
				t.Errorf("it said %q, error %v, halted %t, waited %t", said, err, h.halted, h.waited)
			}
		})
	}
}

func takeover() plan.Takeover {
	return plan.Takeover{From: "demo-coordinator-0", To: "demo-coordinator-1"}
}

// outOfReach has an old coordinator found unreachable a moment ago.
func outOfReach(old *OldCoordinator) {
	t := takeover()
	old.remote.Ways.Note(remote.ByExec(t.From), errors.New("no answer"))
	old.remote.Ways.Note(remote.BySSH(t.From, t.To), errUnreachable)
}

// oldOf reaches the old coordinator of a cluster.
func oldOf(c *roomtest.Cluster) *OldCoordinator { return New(c.Kube, c.Remote, c.Store, c.Pods, c.DB) }
