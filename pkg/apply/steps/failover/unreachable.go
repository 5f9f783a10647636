package failover

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
)

const (
	// selfFence is how long a coordinator runs at most without the API server, the standby and most hosts (keep.sh).
	selfFence = 45 * time.Second
	// clockSkew is how far the clocks of the coordinator's node and of the standby's may differ.
	clockSkew = 2 * time.Second
	// nodeGrace is how long Kubernetes waits for a node's sign of life before it calls the node lost: 50 s since 1.32
	// (kube-controller-manager --node-monitor-grace-period), and some seconds until it looks.
	nodeGrace = time.Minute
)

// nodeClock converts times between the clock of the cluster's nodes, as the standby's pod reads it, and that of gpk's machine, which
// may be wrong by anything. The clocks of the other nodes and of Kubernetes' controllers are assumed to be right, to clockSkew.
type nodeClock struct {
	// read is the nodes' time, and at when the answer came, by gpk's clock. A zero read: the pod's scripts do not print it.
	read, at time.Time
}

func (c nodeClock) known() bool { return !c.read.IsZero() }

// ours converts a time of the nodes' clock. The result may be late, by the time that the answer took.
func (c nodeClock) ours(theirs time.Time) time.Time { return c.at.Add(theirs.Sub(c.read)) }

// theirs converts a time of gpk's clock.
func (c nodeClock) theirs(ours time.Time) time.Time { return c.read.Add(ours.Sub(c.at)) }

// lifeSigns are what Kubernetes knows of an unreachable pod.
type lifeSigns struct {
	// lastAlive is until when its node was alive at least, by the nodes' clock. Zero: unknown.
	lastAlive time.Time
	// stopped is when a coordinator there has stopped itself at the latest, by gpk's clock.
	stopped time.Time
	// lease is that of its node, if gpk could read it.
	lease remote.Lease
	// note is why the lease does not count. "": it counts, or nobody could read it.
	note string
}

// lifeSigns reads the lease of the pod's node, or else the node. If gpk may not read them, it uses since when the pod's status is not
// ready, and since when the pod has not answered gpk.
//
// A node renews its lease by its own clock. The conditions of pods and nodes are by the clock of a kubelet or of Kubernetes'
// controllers. The nodes' clock stands for all of these. If it is unknown, gpk waits by its own clock.
func (o *OldCoordinator) lifeSigns(ctx context.Context, t plan.Takeover, nodes nodeClock) lifeSigns {
	since, known := o.remote.Ways.UnreachableSince(remote.ByExec(t.From), remote.BySSH(t.From, t.To))
	if !known {
		since = time.Now()
	}
	s := lifeSigns{stopped: since.Add(selfFence)}
	if nodes.known() {
		s.lastAlive = nodes.theirs(since).Add(-nodeGrace)
	}
	pod, err := o.remote.Get(ctx, t.From)
	if err != nil || pod == nil || pod.Spec.NodeName == "" {
		return s
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady && c.Status != corev1.ConditionTrue {
			lost := c.LastTransitionTime.Add(-nodeGrace)
			if s.lastAlive.IsZero() || lost.Before(s.lastAlive) {
				s.lastAlive = lost
			}
		}
	}
	if lease, known := o.remote.Nodes.Lease(ctx, pod.Spec.NodeName); known {
		s.lease = lease
		if s.note = o.unwitnessed(ctx, t, nodes); s.note != "" {
			if lease.Renewed.After(s.lastAlive) && !s.lastAlive.IsZero() {
				s.lastAlive = lease.Renewed
			}
			return s
		}
		return s.lastSeen(nodes, lease.Renewed, lease.Late())
	}
	if since, lost := o.remote.Nodes.Lost(ctx, pod.Spec.NodeName); lost {
		s = s.lastSeen(nodes, since.Add(-nodeGrace), nodeGrace)
	}
	return s
}

// unwitnessed is why a lease that is not renewed says nothing: the standby's kubelet, which lives, does not renew its own either. That is
// seen by the clock of its node alone, which the standby's pod reads as well.
func (o *OldCoordinator) unwitnessed(ctx context.Context, t plan.Takeover, nodes nodeClock) string {
	if !nodes.known() {
		return "the lease of the node of pod " + t.From + " does not count: pod " + t.To + " does not report its node's time"
	}
	both := [2]*corev1.Pod{}
	for i, name := range []string{t.From, t.To} {
		if pod, err := o.remote.Get(ctx, name); err == nil {
			both[i] = pod
		}
	}
	why := "the lease of the node of pod " + t.From + " does not count: "
	if both[0] == nil || both[1] == nil || both[1].Spec.NodeName == "" || both[0].Spec.NodeName == both[1].Spec.NodeName {
		return why + "pod " + t.To + " has no node of its own, whose lease would show that kubelets renew them"
	}
	witness, known := o.remote.Nodes.Lease(ctx, both[1].Spec.NodeName)
	if !known {
		return why + "gpk cannot read the lease of node " + both[1].Spec.NodeName
	}
	// What has been renewed since the pod has told the time is later than that.
	passed := time.Since(nodes.at) + clockSkew
	if age := nodes.read.Sub(witness.Renewed); age > witness.Late() || age < -passed {
		return why + "node " + witness.Node + " of pod " + t.To + ", which answers, has not renewed its own lease just now either"
	}
	return ""
}

// lastSeen are the signs of a node that was alive at a time of the nodes' clock, and was cut off for good at most slip later.
func (s lifeSigns) lastSeen(nodes nodeClock, seen time.Time, slip time.Duration) lifeSigns {
	s.lastAlive = seen
	if stopped := nodes.ours(seen).Add(slip + selfFence + clockSkew); nodes.known() && stopped.Before(s.stopped) {
		s.stopped = stopped
	}
	return s
}
