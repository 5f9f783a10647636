package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gpk/pkg/plan"
)

// State is what a Check found.
type State string

// The states of a step.
const (
	// Done: the facts are as the step wants them.
	Done State = "done"
	// Pending: there is something to do, and it can be done.
	Pending State = "pending"
	// Blocked: a person must decide; Finding.Next says what.
	Blocked State = "blocked"
	// Unknown: the facts cannot be had yet, because of what earlier steps have not done.
	Unknown State = "unknown"
)

// Finding is the answer of a Check.
type Finding struct {
	State State
	// Details say what differs from what is wanted.
	Details []string
	// Next is what a person can do when the step is blocked.
	Next Advice
}

// Handler carries out one kind of action.
type Handler interface {
	// Check reads facts and changes nothing.
	Check(ctx context.Context) (Finding, error)
	// Do makes it so. It can be called again after a crash at any point of an earlier call. progress takes a line at a time.
	Do(ctx context.Context, progress func(string)) error
}

// Nothing is for handlers that only look: their Check is done or blocked.
type Nothing struct{}

// Do has nothing to do.
func (Nothing) Do(context.Context, func(string)) error { return nil }

// Event is what the engine tells its observer.
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

// EventKind says what an Event is about.
type EventKind string

// The kinds of events.
const (
	StepSkipped EventKind = "skipped"
	StepStarted EventKind = "started"
	StepDone    EventKind = "done"
	Progress    EventKind = "progress"
)

// Observer is told what happens, one call at a time.
type Observer func(Event)

// StepError is a failure of a step.
type StepError struct {
	Step plan.Step
	Err  error
	// Next is what to type or to decide. Empty: running the same command again resumes.
	Next Advice
}

// Error names the step.
func (e *StepError) Error() string {
	return fmt.Sprintf("step %s (%s): %v", e.Step.ID, e.Step.Title, e.Err)
}

// Unwrap gives the cause.
func (e *StepError) Unwrap() error { return e.Err }

// Journal is where the engine notes what it is about to do. The engine never reads it.
type Journal interface {
	Note(ctx context.Context, step plan.Step, event, detail string) error
}

// Engine carries a plan out: for each step Check; done? skip; else note it, Do, and Check again. Check decides, so running
// the same plan again after a crash anywhere does what is left. While a step is looked at that changes nothing, so is the next one.
type Engine struct {
	Handler func(plan.Step) (Handler, error)
	Journal Journal
	Observe Observer
	Clock   func() time.Time
	// doing is told when a Do begins, and when it has ended.
	Doing func(bool)
}

// Run returns the number of steps that had something to do.
func (e *Engine) Run(ctx context.Context, steps []plan.Step) (int, error) {
	changed := 0
	var looked *look
	for i, step := range steps {
		if looked == nil {
			looked = e.look(ctx, step, false)
		}
		var next *look
		if _, changesNothing := step.Action.(plan.Look); changesNothing && i+1 < len(steps) {
			next = e.look(ctx, steps[i+1], true)
		}
		worked, err := e.step(ctx, step, looked, next)
		if worked {
			changed++
		}
		if err != nil {
			next.forget()
			return changed, stepError(ctx, step, err)
		}
		if looked = next; worked {
			looked = nil
		}
	}
	return changed, nil
}

// stepError names the step, and why the context has ended.
func stepError(ctx context.Context, step plan.Step, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w: %w", cause, err)
	}
	var named *StepError
	if errors.As(err, &named) {
		return err
	}
	return &StepError{Step: step, Err: err}
}

// step does what a step has to do. What the next one found until then is forgotten before that.
func (e *Engine) step(ctx context.Context, step plan.Step, looked, next *look) (worked bool, err error) {
	finding, err := looked.found(ctx)
	if err != nil {
		return false, err
	}
	switch finding.State {
	case Done:
		e.Observe(Event{Kind: StepSkipped, Step: step, Finding: finding})
		return false, nil
	case Blocked:
		return false, blocked(step, finding)
	}
	next.forget()
	return e.do(ctx, step, looked.handler, finding)
}

// do notes what is to be done, does it, and looks at what has come of it.
func (e *Engine) do(ctx context.Context, step plan.Step, h Handler, finding Finding) (worked bool, err error) {
	e.Observe(Event{Kind: StepStarted, Step: step, Finding: finding})
	if err := e.Journal.Note(ctx, step, "started", FirstOf(finding.Details)); err != nil {
		return false, err
	}
	began := e.Clock()
	e.Doing(true)
	doErr := h.Do(ctx, func(line string) { e.Observe(Event{Kind: Progress, Step: step, Line: line}) })
	e.Doing(false)
	if ctx.Err() != nil {
		if doErr == nil {
			// Do did not notice, and a step that nobody has looked at again is not done.
			doErr = context.Cause(ctx)
		}
		return true, doErr
	}
	if err := e.confirm(ctx, step, h, doErr); err != nil {
		// What went wrong is noted for people. That it could not be noted matters less than what went wrong.
		_ = e.Journal.Note(ctx, step, "failed", err.Error())
		return true, err
	}
	e.Observe(Event{Kind: StepDone, Step: step, Elapsed: e.Clock().Sub(began)})
	return true, e.Journal.Note(ctx, step, "done", "")
}

// confirm looks at the facts again after Do. They outrank what Do said: a utility's exit status means little.
func (e *Engine) confirm(ctx context.Context, step plan.Step, h Handler, doErr error) error {
	finding, err := checked(ctx, h)
	switch {
	case err != nil && doErr != nil:
		return doErr
	case err != nil:
		return err
	case finding.State == Done:
		return nil
	case doErr != nil:
		return doErr
	case finding.State == Blocked:
		return blocked(step, finding)
	}
	return fmt.Errorf("it was carried out, and still: %s", FirstOf(finding.Details))
}

// Blocking is an error that is something for a person to decide, and no failure.
type Blocking interface {
	error
	Blocks() Finding
}

// checked is a handler's Check, blocked by what is for a person to decide.
func checked(ctx context.Context, h Handler) (Finding, error) {
	finding, err := h.Check(ctx)
	var blocking Blocking
	if errors.As(err, &blocking) {
		return blocking.Blocks(), nil
	}
	return finding, err
}

func blocked(step plan.Step, finding Finding) error {
	return &StepError{Step: step, Err: errors.New(FirstOf(finding.Details)), Next: finding.Next}
}

func FirstOf(details []string) string {
	switch len(details) {
	case 0:
		return "nothing is known"
	case 1:
		return details[0]
	}
	return fmt.Sprintf("%s (and %d more)", details[0], len(details)-1)
}

// PendingIf is done without details, and pending with them.
func PendingIf(details []string) Finding {
	if len(details) == 0 {
		return Finding{State: Done}
	}
	return Finding{State: Pending, Details: details}
}

// BlockedBy is blocked by one detail, with what a person can do: the parts of Next.
func BlockedBy(detail string, next ...any) Finding {
	return Finding{State: Blocked, Details: []string{detail}, Next: Next(next...)}
}
