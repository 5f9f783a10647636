package engine

import (
	"sync"
	"time"

	"gpk/pkg/plan"
)

// Event is what the engine reports to its observer.
type Event struct {
	Kind EventKind
	Step plan.Step
	// Finding is set for StepSkipped and StepStarted.
	Finding Finding
	// Line is set for Progress.
	Line string
	// Elapsed is set for StepDone.
	Elapsed time.Duration
}

// EventKind is what an Event is about.
type EventKind string

// The kinds of events.
const (
	StepSkipped EventKind = "skipped"
	StepStarted EventKind = "started"
	StepDone    EventKind = "done"
	Progress    EventKind = "progress"
)

// Observer takes events, one at a time.
type Observer func(Event)

// Serial makes an observer safe for handlers that report from several goroutines.
func Serial(observe Observer) Observer {
	var mutex sync.Mutex
	return func(event Event) {
		mutex.Lock()
		defer mutex.Unlock()
		observe(event)
	}
}
