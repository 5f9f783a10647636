package engine

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"time"

	"gpk/pkg/plan"
)

// Handler runs one kind of action.
type Handler interface {
	// Check reads facts and changes nothing.
	Check(ctx context.Context) (Finding, error)
	// Do makes the facts as the step wants them. It can run again after a crash at any point of an earlier call. progress takes a line.
	Do(ctx context.Context, progress func(string)) error
}

// Nothing is for handlers that only check: their Check is done or blocked.
type Nothing struct{}

// Do has nothing to do.
func (Nothing) Do(context.Context, func(string)) error { return nil }

// Journal is where the engine notes what it is about to do. The engine never reads it.
type Journal interface {
	Note(ctx context.Context, step plan.Step, event, detail string) error
}

// Engine runs a plan: for each step Check; done? skip; else note it, Do, and Check again. Check decides, so the same plan does
// what is left after a crash anywhere. During the Check of a step that changes nothing, the Check of the next step runs as well.
type Engine struct {
	Handler func(plan.Step) (Handler, error)
	Journal Journal
	Observe Observer
	Clock   func() time.Time
	// Doing is called with true before each Do, and with false after it.
	Doing func(bool)
}

// Run returns the number of steps that had something to do.
func (e *Engine) Run(ctx context.Context, steps []plan.Step) (int, error) {
	changed := 0
	var current *check
	for i, step := range steps {
		if current == nil {
			current = e.check(ctx, step, false)
		}
		var next *check
		if _, changesNothing := step.Action.(plan.Look); changesNothing && i+1 < len(steps) {
			next = e.check(ctx, steps[i+1], true)
		}
		worked, err := e.step(ctx, step, current, next)
		if worked {
			changed++
		}
		if err != nil {
			next.discard()
			return changed, stepError(ctx, step, err)
		}
		if current = next; worked {
			current = nil
		}
	}
	return changed, nil
}

// stepError names the step, and why the context has ended.
func stepError(ctx context.Context, step plan.Step, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w: %w", cause, err)
	}
	if _, named := errors.AsType[*StepError](err); named {
		return err
	}
	return &StepError{Step: step, Err: err}
}

// step does what a step has to do. Before that it discards what the next one has found.
func (e *Engine) step(ctx context.Context, step plan.Step, current, next *check) (worked bool, err error) {
	finding, err := current.found(ctx)
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
	next.discard()
	return e.do(ctx, step, current.handler, finding)
}

// do notes what is missing, does it, and confirms it.
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
			// Do did not notice that the context has ended, and nobody has confirmed the step.
			doErr = context.Cause(ctx)
		}
		return true, doErr
	}
	if err := e.confirm(ctx, step, h, doErr); err != nil {
		// The note is for people. The failure matters more than a note that could not be written.
		_ = e.Journal.Note(ctx, step, "failed", err.Error())
		return true, err
	}
	e.Observe(Event{Kind: StepDone, Step: step, Elapsed: e.Clock().Sub(began)})
	return true, e.Journal.Note(ctx, step, "done", "")
}

// confirm checks the facts again after Do. They outrank the error of Do: a utility's exit status means little.
func (e *Engine) confirm(ctx context.Context, step plan.Step, h Handler, doErr error) error {
	finding, err := checked(ctx, h)
	switch {
	case err == nil && finding.State == Done:
		return nil
	case doErr != nil:
		return doErr
	case err != nil:
		return err
	case finding.State == Blocked:
		return blocked(step, finding)
	}
	return fmt.Errorf("the step ran, but its check still fails: %s", FirstOf(finding.Details))
}

// Handlers make the handler of an action, by the action's type.
type Handlers map[reflect.Type]func(plan.Action) Handler

// Handle registers the handler of a type of actions.
func Handle[A plan.Action](r Handlers, of func(A) Handler) {
	r[reflect.TypeFor[A]()] = func(action plan.Action) Handler { return of(action.(A)) }
}

// Of makes the handler of a step.
func (r Handlers) Of(step plan.Step) (Handler, error) {
	of, known := r[reflect.TypeOf(step.Action)]
	if !known {
		return nil, errors.New("gpk has no handler for this step: please report it")
	}
	return of(step.Action), nil
}

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

// Serial makes a function safe that several goroutines call, such as an observer.
func Serial[T any](tell func(T)) func(T) {
	var mutex sync.Mutex
	return func(told T) {
		mutex.Lock()
		defer mutex.Unlock()
		tell(told)
	}
}
