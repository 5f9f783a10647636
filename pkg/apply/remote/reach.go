package remote

import (
	"sync"
	"time"
)

const (
	// unreachableHolds is how long gpk does not try a way again that did not lead to its pod. A try takes 15 s.
	unreachableHolds = 30 * time.Second
	// longestGap is the longest time between two tries that count as one silence.
	longestGap = unreachableHolds + 45*time.Second
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
	since time.Time
	last  Moment
	why   error
	// again: gpk tries the way again.
	again bool
}

// Note takes note why a way has not led to its pod, or with nil that it has. A refusal of the API server says nothing about the way.
func (p *Pods) Note(way Way, why error) {
	if Refused(why) {
		return
	}
	p.unreachable.mutex.Lock()
	defer p.unreachable.mutex.Unlock()
	if why == nil {
		delete(p.unreachable.found, way)
		return
	}
	if p.unreachable.found == nil {
		p.unreachable.found = map[Way]silence{}
	}
	now := Now()
	s, before := p.unreachable.found[way]
	// Of a longer time without a try nobody knows anything.
	if !before || now.After(s.last) > longestGap {
		s.since = now.Steady
	}
	s.last, s.why, s.again = now, why, false
	p.unreachable.found[way] = s
}

// Unreachable is why a way did not lead to its pod a moment ago, or nil. Whoever is told that does not try the way again.
func (p *Pods) Unreachable(way Way) error {
	p.unreachable.mutex.Lock()
	defer p.unreachable.mutex.Unlock()
	if s, found := p.unreachable.found[way]; found && !s.again && s.last.Ago() < unreachableHolds {
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
