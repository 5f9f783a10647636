package apply

import (
	"context"
	"fmt"
	"time"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
)

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

// fallBack carries out the way back, if there is one and a reason for it. It returns the error for the user.
func fallBack(ctx context.Context, e *engine.Engine, options Options, notes *record.Journal, out *outage, failure error) error {
	if options.Fallback == nil || notes.Record.Unfinished == nil || ctx.Err() != nil {
		return failure
	}
	step := plan.Step{ID: "fallback", Title: "rolling back: " + failure.Error(), Class: plan.Converge}
	e.Observe(engine.Event{Kind: engine.StepSkipped, Step: step, Finding: engine.Finding{State: engine.Done, Details: []string{step.Title}}})
	if err := e.Journal.Note(ctx, step, "started", failure.Error()); err != nil {
		return failure
	}
	if _, err := e.Run(ctx, options.Fallback.Steps); err != nil {
		return hint(fmt.Errorf("%w\nrolling back failed as well: %w", failure, err), "undo it with ",
			plan.ReadCommand(notes.Record.Unfinished.Undo))
	}
	notes.Record.Unfinished, notes.Begun = nil, nil
	if err := notes.Note(ctx, step, "done", ""); err != nil {
		return failure
	}
	return hint(&FellBackError{failure, out.lasted}, "fix the cause and run the same command again: it starts from the beginning")
}

// outage is how long the database was down: from its stop until the first answer of all segments.
type outage struct {
	began  time.Time
	lasted time.Duration
}

// resumed takes over when an earlier gpk has stopped the database, by the journal's word. It is for people only.
func (o *outage) resumed(record record.Record) {
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
func (o *outage) watch(next engine.Observer) engine.Observer {
	return func(event engine.Event) {
		switch event.Step.Action.(type) {
		case plan.Stopped:
			if event.Kind == engine.StepStarted && o.began.IsZero() {
				o.began = time.Now()
			}
		case plan.Started:
			if event.Kind == engine.StepDone && !o.began.IsZero() {
				o.lasted += time.Since(o.began)
				o.began = time.Time{}
			}
		}
		next(event)
	}
}
