package apply

import (
	"context"
	"fmt"
	"time"

	"gpk/pkg/plan"
)

// Window is the part of a plan that takes the database down. What comes before it changes nothing of the cluster.
type Window struct {
	// Step is the id of its first step.
	Step string
	// Fallback is carried out when a step of the window fails, unless gpk was interrupted or has no time left: then the same
	// command goes on. Its steps lead back to what was there before. Nil: there is no way back.
	Fallback *plan.Plan
}

// FellBackError is a failure after which the cluster is again what it was.
type FellBackError struct {
	Err error
	// Downtime is how long the database did not answer.
	Downtime time.Duration
}

// Error says what failed.
func (e *FellBackError) Error() string {
	return fmt.Sprintf("%v\nThe cluster is back as it was; the database was down for %.1f s", e.Err, e.Downtime.Seconds())
}

// Unwrap gives the cause.
func (e *FellBackError) Unwrap() error { return e.Err }

// fallBack leads back, if there is a way and a reason to. It returns what is to be told of the failure.
func fallBack(ctx context.Context, e *engine, options Options, notes *recorder, out *outage, failure error) error {
	if options.Window.Fallback == nil || notes.record.Unfinished == nil || ctx.Err() != nil {
		return failure
	}
	step := plan.Step{ID: "fallback", Title: "going back: " + failure.Error(), Class: plan.Converge}
	e.observe(Event{Kind: StepSkipped, Step: step, Finding: Finding{State: Done, Details: []string{step.Title}}})
	if err := e.journal.note(ctx, step, "started", failure.Error()); err != nil {
		return failure
	}
	if _, err := e.run(ctx, options.Window.Fallback.Steps); err != nil {
		return &NextError{fmt.Errorf("%w\nmoreover, going back has failed: %w", failure, err),
			"take it back with `" + notes.record.Unfinished.Undo + "`"}
	}
	notes.record.Unfinished, notes.begun = nil, nil
	if err := notes.note(ctx, step, "done", ""); err != nil {
		return failure
	}
	return &NextError{&FellBackError{failure, out.lasted}, "mend the cause and run the same command again: it begins anew"}
}

// inWindow says whether a step is of the window, which is where an operation begins to leave a cluster between two states.
func (p windowed) inWindow(id string) bool {
	if p.step == "" {
		return true
	}
	for _, step := range p.plan.Steps {
		if step.ID == p.step {
			return true
		}
		if step.ID == id {
			return false
		}
	}
	return true
}

// windowed is a plan with the first step of its window; without one all of it is.
type windowed struct {
	plan plan.Plan
	step string
}

// outage is how long the database was down: from its stop until the first answer of all segments.
type outage struct {
	began  time.Time
	lasted time.Duration
}

// resumed takes over when an earlier gpk has stopped the database, by the journal's word. It is for people only.
func (o *outage) resumed(record Record) {
	if record.Unfinished == nil {
		return
	}
	for _, entry := range record.Journal {
		switch {
		case entry.Time.Before(record.Unfinished.Since) || entry.Operation != record.Unfinished.Operation:
		case entry.Step == "stop" && entry.Event == "started" && o.began.IsZero():
			o.began = entry.Time
		case entry.Step == "start" && entry.Event == "done":
			o.began = time.Time{}
		}
	}
}

// watch is an observer before another one.
func (o *outage) watch(next Observer) Observer {
	return func(event Event) {
		switch event.Step.Action.(type) {
		case plan.Stopped:
			if event.Kind == StepStarted && o.began.IsZero() {
				o.began = time.Now()
			}
		case plan.Started:
			if event.Kind == StepDone && !o.began.IsZero() {
				o.lasted += time.Since(o.began)
				o.began = time.Time{}
			}
		}
		next(event)
	}
}
