package remote

import (
	"context"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// unreachableHolds is how long gpk does not try a way again that did not lead to its pod. A try takes 15 s.
	unreachableHolds = 30 * time.Second
	// longestGap is the longest time between two tries that count as one silence.
	longestGap = unreachableHolds + 45*time.Second
	// LeaseAge is how old the lease of a healthy node may be: a kubelet renews it every ten seconds.
	LeaseAge = 12 * time.Second
	// listensAfter is when gpk begins to listen for the kubelet of a pod that does not answer: most answer earlier.
	listensAfter = time.Second
	// signTime bounds a question for a sign of life.
	signTime = 5 * time.Second
)

// Way is a way to a pod: exec, or ssh from another pod.
type Way struct{ pod, from string }

// ByExec is the way to a pod through the API server and the pod's kubelet.
func ByExec(pod string) Way { return Way{pod: pod} }

// BySSH is the way to a pod over the network from another pod.
func BySSH(pod, from string) Way { return Way{pod, from} }

// unreachable is the one memory of who is out of reach: a pod on a lost node costs each who asks it 15 s.
type unreachable struct {
	mutex sync.Mutex
	found map[Way]silence
}

// silence is since when a way leads nowhere, when gpk tried it last, and what it found then.
type silence struct {
	since, last time.Time
	why         error
	// again: gpk tries the way again.
	again bool
}

// Note takes note why a way has not led to its pod, or with nil that it has.
func (p *Pods) Note(way Way, why error) {
	p.unreachable.mutex.Lock()
	defer p.unreachable.mutex.Unlock()
	if why == nil {
		delete(p.unreachable.found, way)
		return
	}
	if p.unreachable.found == nil {
		p.unreachable.found = map[Way]silence{}
	}
	now := time.Now()
	s, before := p.unreachable.found[way]
	// Of a longer time without a try nobody knows anything.
	if !before || now.Sub(s.last) > longestGap {
		s.since = now
	}
	s.last, s.why, s.again = now, why, false
	p.unreachable.found[way] = s
}

// Unreachable is why a way did not lead to its pod a moment ago, or nil. Whoever is told that does not try the way again.
func (p *Pods) Unreachable(way Way) error {
	p.unreachable.mutex.Lock()
	defer p.unreachable.mutex.Unlock()
	if s, found := p.unreachable.found[way]; found && !s.again && time.Since(s.last) < unreachableHolds {
		return s.why
	}
	return nil
}

// UnreachableSince is since when none of some ways leads to its pod, as far as gpk has tried. known: it has tried at least one.
func (p *Pods) UnreachableSince(ways ...Way) (since time.Time, known bool) {
	p.unreachable.mutex.Lock()
	defer p.unreachable.mutex.Unlock()
	for _, way := range ways {
		if s, found := p.unreachable.found[way]; found {
			known = true
			if s.since.After(since) {
				since = s.since
			}
		}
	}
	return since, known
}

// TryAgain has gpk try ways again that led nowhere a moment ago. It keeps since when.
func (p *Pods) TryAgain(ways ...Way) {
	p.unreachable.mutex.Lock()
	defer p.unreachable.mutex.Unlock()
	for _, way := range ways {
		if s, found := p.unreachable.found[way]; found {
			s.again = true
			p.unreachable.found[way] = s
		}
	}
}

// Renewed is when a node last renewed its lease, by its own clock, if gpk may read that.
func (p *Pods) Renewed(ctx context.Context, node string) (at time.Time, known bool) {
	lease, err := p.client.CoordinationV1().Leases(corev1.NamespaceNodeLease).Get(ctx, node, metav1.GetOptions{})
	if err != nil || lease.Spec.RenewTime == nil {
		return time.Time{}, false
	}
	return lease.Spec.RenewTime.Time, true
}

// sign is a sign of life of a pod's kubelet: the last renewal of its lease, and when gpk asked for it and was answered. Where gpk may
// not read the lease, lost says whether Kubernetes calls the node lost.
type sign struct {
	renewed, asked, answered time.Time
	known, lost              bool
}

func (p *Pods) sign(ctx context.Context, name string) sign {
	ctx, cancel := context.WithTimeout(ctx, signTime)
	defer cancel()
	pod, err := p.Get(ctx, name)
	if err != nil || pod == nil || pod.Spec.NodeName == "" {
		return sign{}
	}
	s := sign{asked: time.Now()}
	s.renewed, s.known = p.Renewed(ctx, pod.Spec.NodeName)
	s.answered = time.Now()
	s.lost = !s.known && p.NodeFault(ctx, pod.Spec.NodeName) != ""
	return s
}

// Listen listens for the kubelet of a pod while gpk waits for the pod. silent says that the kubelet has not renewed its lease for longer
// than one that is well does not, by the time that passes here and nobody's clock, or else that Kubernetes calls the node lost. Without
// the rights to see either, no kubelet is silent.
func (p *Pods) Listen(ctx context.Context, pod string) (silent func() bool) {
	first := make(chan sign, 1)
	begins := time.AfterFunc(listensAfter, func() { first <- p.sign(ctx, pod) })
	return func() bool {
		if begins.Stop() {
			return false
		}
		then := <-first
		now := p.sign(ctx, pod)
		if !then.known || !now.known {
			return now.lost
		}
		return now.renewed.Equal(then.renewed) && now.asked.Sub(then.answered) > LeaseAge
	}
}
