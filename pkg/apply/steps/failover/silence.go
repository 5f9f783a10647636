package failover

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/record"
	"gpk/pkg/segments"
)

// Of a coordinator that is out of reach: how long it goes on at most without the API server, the standby and most hosts
// (keep.sh), and how far the clocks of its node and of the standby's may differ.
const (
	selfFence = 45 * time.Second
	clockSlip = 2 * time.Second
	// heardSlip is how old a node's last sign of life may be while the node is well: a kubelet renews its lease every ten seconds.
	heardSlip = 12 * time.Second
	// nodeGrace is how long Kubernetes waits for a node's sign of life before it calls it lost: 50 s since 1.32
	// (kube-controller-manager --node-monitor-grace-period), and some seconds until it looks.
	nodeGrace = time.Minute
)

// nodeClock leads from the clock of the cluster's nodes to that of gpk's machine, which may be wrong by anything. It is read in the
// standby's pod. The clocks of the other nodes and of Kubernetes' controllers are taken to be as right, to clockSlip.
type nodeClock struct {
	// read is what it said, and at when the answer had come, by gpk's clock. A read of zero: nobody knows what it says.
	read, at time.Time
}

// nodeClock asks a pod for its node's clock.
func (f *Former) nodeClock(ctx context.Context, pod string) nodeClock {
	following, err := f.db.Following(ctx, pod)
	if err != nil {
		return nodeClock{}
	}
	return nodeClock{following.Now, time.Now()}
}

func (c nodeClock) known() bool { return !c.read.IsZero() }

// ours is when a moment of the nodes' clock is by gpk's, or was, at the latest: the answer took its time to come.
func (c nodeClock) ours(theirs time.Time) time.Time { return c.at.Add(theirs.Sub(c.read)) }

// theirs is when a moment of gpk's clock is by the nodes'.
func (c nodeClock) theirs(ours time.Time) time.Time { return c.read.Add(ours.Sub(c.at)) }

// silence is what Kubernetes knows of a pod that is out of reach.
type silence struct {
	// lastHeard is the latest moment of which its node is known to have lived, by the nodes' clock. Zero: nothing is known of it.
	lastHeard time.Time
	// stopped is when a coordinator there has stopped itself at the latest, by gpk's clock.
	stopped time.Time
}

// silence asks for the lease of the pod's node, or else for the node. Where it may see neither, it makes do with what the pod's
// own status says since when it is not ready, and with the time since which gpk itself has got no answer.
//
// A lease is renewed by the clock of its own node, and what a pod's or a node's conditions say is by that of its kubelet or of
// Kubernetes' controllers: the nodes' clock is for all of these. Where nobody knows what that says, gpk waits by its own.
func (f *Former) silence(ctx context.Context, name string, nodes nodeClock) silence {
	first, _ := f.silent.LoadOrStore(firstSilent(name), time.Now())
	since := first.(time.Time)
	s := silence{stopped: since.Add(selfFence)}
	if nodes.known() {
		s.lastHeard = nodes.theirs(since).Add(-nodeGrace)
	}
	pod, err := f.remote.Get(ctx, name)
	if err != nil || pod == nil || pod.Spec.NodeName == "" {
		return s
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady && c.Status != corev1.ConditionTrue {
			s.lastHeard = earlierKnown(s.lastHeard, c.LastTransitionTime.Add(-nodeGrace))
		}
	}
	lease, err := f.kube.API.CoordinationV1().Leases(corev1.NamespaceNodeLease).Get(ctx, pod.Spec.NodeName, metav1.GetOptions{})
	if err == nil && lease.Spec.RenewTime != nil {
		return s.cutOff(nodes, lease.Spec.RenewTime.Time, heardSlip)
	}
	node, err := f.kube.API.CoreV1().Nodes().Get(ctx, pod.Spec.NodeName, metav1.GetOptions{})
	if err != nil {
		return s
	}
	for _, c := range node.Status.Conditions {
		if c.Type == corev1.NodeReady && c.Status != corev1.ConditionTrue {
			s = s.cutOff(nodes, c.LastTransitionTime.Add(-nodeGrace), nodeGrace)
		}
	}
	return s
}

// cutOff is the silence of a pod whose node was heard of at a time by the nodes' clock, and has been cut off for good within slip
// from then.
func (s silence) cutOff(nodes nodeClock, heard time.Time, slip time.Duration) silence {
	s.lastHeard = heard
	if nodes.known() {
		s.stopped = record.Earlier(s.stopped, nodes.ours(heard).Add(slip+selfFence+clockSlip))
	}
	return s
}

// earlierKnown is the earlier one of two times, of which the first may not be known.
func earlierKnown(a, b time.Time) time.Time {
	if a.IsZero() {
		return b
	}
	return record.Earlier(a, b)
}

// firstSilent is the key of Target.silent for when a pod was first found to be out of reach.
type firstSilent string

// silentLoss is loss where the coordinator cannot be asked. All its times are by the nodes' clock.
func silentLoss(s silence, f segments.Following) string {
	follows := !f.Now.IsZero() && f.Now.Sub(f.Streamed) < heardSlip
	switch {
	case follows:
		return ""
	case s.lastHeard.IsZero():
		return fmt.Sprintf("the standby followed the coordinator until %s, and how long the coordinator, which is out of reach, lived "+
			"cannot be known: the standby's pod has older scripts, which do not tell the time there", clock(f.Streamed))
	case !f.Streamed.Before(s.lastHeard.Add(-heardSlip)):
		return ""
	}
	return fmt.Sprintf("the standby followed the coordinator until %s, and the coordinator, which is out of reach, lived until %s at least",
		clock(f.Streamed), clock(s.lastHeard))
}
