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

// Ways is the one memory of the ways that lead nowhere: a pod on a lost node costs each who asks it 15 s.
type Ways struct {
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
func (w *Ways) Note(way Way, why error) {
	if Refused(why) {
		return
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if why == nil {
		delete(w.found, way)
		return
	}
	if w.found == nil {
		w.found = map[Way]silence{}
	}
	now := Now()
	s, before := w.found[way]
	// Of a longer time without a try nobody knows anything.
	if !before || now.After(s.last) > longestGap {
		s.since = now.Steady
	}
	s.last, s.why, s.again = now, why, false
	w.found[way] = s
}

// Unreachable is why a way did not lead to its pod a moment ago, or nil. Whoever is told that does not try the way again.
func (w *Ways) Unreachable(way Way) error {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if s, found := w.found[way]; found && !s.again && s.last.Ago() < unreachableHolds {
		return s.why
	}
	return nil
}

// UnreachableSince is since when none of some ways leads to its pod, as far as gpk has tried. known: it has tried at least one.
func (w *Ways) UnreachableSince(ways ...Way) (since time.Time, known bool) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	for _, way := range ways {
		if s, found := w.found[way]; found {
			known = true
			if s.since.After(since) {
				since = s.since
			}
		}
	}
	return since, known
}

// TryAgain has gpk try ways again that led nowhere a moment ago. It keeps since when.
func (w *Ways) TryAgain(ways ...Way) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	for _, way := range ways {
		if s, found := w.found[way]; found {
			s.again = true
			w.found[way] = s
		}
	}
}
