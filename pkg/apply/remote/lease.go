package remote

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

// Nodes are those of the cluster, as far as gpk may see them.
type Nodes struct{ client kubernetes.Interface }

// Lease is what a node's lease says: when its kubelet renewed it, by the node's clock, and how long it holds from then on.
type Lease struct {
	Node    string
	Renewed time.Time
	Holds   time.Duration
}

// defaultHolds is for a lease that does not say how long it holds: the kubelet's --node-lease-duration-seconds by default.
const defaultHolds = 40 * time.Second

// Late is the longest time between two renewals of a kubelet that is well: it renews four times while the lease holds, give or take 4 %.
// That is 12 s for a lease of 40 s.
func (l Lease) Late() time.Duration { return 3 * l.Holds / 10 }

// Lease is the lease of a node, if gpk may read that.
func (n *Nodes) Lease(ctx context.Context, node string) (found Lease, known bool) {
	lease, err := n.client.CoordinationV1().Leases(corev1.NamespaceNodeLease).Get(ctx, node, metav1.GetOptions{})
	if err != nil || lease.Spec.RenewTime == nil {
		return Lease{}, false
	}
	holds := defaultHolds
	if seconds := lease.Spec.LeaseDurationSeconds; seconds != nil && *seconds > 0 {
		holds = time.Duration(*seconds) * time.Second
	}
	return Lease{node, lease.Spec.RenewTime.Time, holds}, true
}

// Renews waits until a kubelet renews its lease again after gpk has read it, for as long as one that is well takes at most. That needs no
// clock but the time that passes here.
func (n *Nodes) Renews(ctx context.Context, read Lease) bool {
	for end := time.Now().Add(read.Late()); ; {
		if now, known := n.Lease(ctx, read.Node); known && !now.Renewed.Equal(read.Renewed) {
			return true
		}
		if time.Now().After(end) {
			return false
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return false
		}
	}
}

// Lost is since when Kubernetes has had no sign of life of a node, by its own clock. A node that reports itself that it is not ready
// is not lost. Without the right to see nodes, none is.
func (n *Nodes) Lost(ctx context.Context, node string) (since time.Time, lost bool) {
	found, err := n.client.CoreV1().Nodes().Get(ctx, node, metav1.GetOptions{})
	if err != nil {
		return time.Time{}, false
	}
	for _, c := range found.Status.Conditions {
		if c.Type == corev1.NodeReady && c.Status == corev1.ConditionUnknown {
			return c.LastTransitionTime.Time, true
		}
	}
	return time.Time{}, false
}

// witnesses are the other coordinators' nodes: one whose lease is renewed shows that leases are renewed at all.
func (p *Pods) witnesses(ctx context.Context, node string) []string {
	selector := plan.ComponentLabel + "=" + string(topology.CoordinatorComponent)
	if p.selector != "" {
		selector = p.selector + "," + selector
	}
	list, err := p.client.CoreV1().Pods(p.namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil
	}
	var nodes []string
	for i := range list.Items {
		if other := list.Items[i].Spec.NodeName; other != "" && other != node {
			nodes = append(nodes, other)
		}
	}
	return nodes
}

// sign is a sign of life of a pod's kubelet: its lease, those of the witnesses, and when gpk asked for them and was answered. Where gpk may
// not read the lease, lost says whether Kubernetes calls the node lost.
type sign struct {
	lease           Lease
	witnesses       map[string]Lease
	asked, answered time.Time
	known, lost     bool
}

func (p *Pods) sign(ctx context.Context, name string) sign {
	ctx, cancel := context.WithTimeout(ctx, signTime)
	defer cancel()
	pod, err := p.Get(ctx, name)
	if err != nil || pod == nil || pod.Spec.NodeName == "" {
		return sign{}
	}
	s := sign{asked: time.Now(), witnesses: map[string]Lease{}}
	if s.lease, s.known = p.Nodes.Lease(ctx, pod.Spec.NodeName); !s.known {
		_, s.lost = p.Nodes.Lost(ctx, pod.Spec.NodeName)
		return s
	}
	s.answered = time.Now()
	for _, node := range p.witnesses(ctx, pod.Spec.NodeName) {
		if lease, known := p.Nodes.Lease(ctx, node); known {
			s.witnesses[node] = lease
		}
	}
	return s
}

// witnessed says whether a witness has renewed its lease between an earlier sign and this one.
func (s sign) witnessed(then sign) bool {
	for node, lease := range s.witnesses {
		if before, known := then.witnesses[node]; known && !lease.Renewed.Equal(before.Renewed) {
			return true
		}
	}
	return false
}

// unwitnessed is why a lease that is not renewed does not count.
const unwitnessed = "the lease of its node was not renewed, which does not count: no other coordinator's node has renewed its own meanwhile"

// Listen listens for the kubelet of a pod while gpk waits for the pod. silent says that the kubelet has not renewed its lease for longer
// than one that is well does, while another node's did, or else that Kubernetes calls the node lost. It compares no clocks: only the
// time that passes here counts. Without the rights to see either, no kubelet is silent. note says why a silence does not count.
func (p *Pods) Listen(ctx context.Context, pod string) (silent func() (silent bool, note string)) {
	first := make(chan sign, 1)
	begins := time.AfterFunc(listensAfter, func() { first <- p.sign(ctx, pod) })
	return func() (bool, string) {
		if begins.Stop() {
			return false, ""
		}
		then := <-first
		now := p.sign(ctx, pod)
		switch {
		case !then.known || !now.known:
			return now.lost, ""
		case now.lease != then.lease:
			return false, ""
		case now.asked.Sub(then.answered) <= now.lease.Late():
			return false, ""
		case !now.witnessed(then):
			return false, unwitnessed
		}
		return true, ""
	}
}
