package engine

import (
	"context"
	"errors"

	"gpk/pkg/plan"
)

// check is the Check of a step, which can run before its finding is needed.
type check struct {
	handler Handler
	finding Finding
	err     error
	// ended is closed when a Check that was started early has ended. Nil: it runs when its finding is needed.
	ended  chan struct{}
	cancel context.CancelFunc
}

// check is the Check of a step. An early one starts at once.
func (e *Engine) check(ctx context.Context, step plan.Step, early bool) *check {
	c := &check{}
	if c.handler, c.err = e.Handler(step); c.err != nil || !early {
		return c
	}
	ctx, c.cancel = context.WithCancel(ctx)
	c.ended = make(chan struct{})
	go func() {
		defer close(c.ended)
		c.finding, c.err = checked(ctx, c.handler)
	}()
	return c
}

// found is the finding, once there is one.
func (c *check) found(ctx context.Context) (Finding, error) {
	switch {
	case c.ended != nil:
		<-c.ended
		c.cancel()
	case c.err == nil:
		c.finding, c.err = checked(ctx, c.handler)
	}
	return c.finding, c.err
}

// discard ends an early Check whose finding nobody needs. c may be nil.
func (c *check) discard() {
	if c != nil && c.ended != nil {
		c.cancel()
		<-c.ended
	}
}

// Preview is one step and what its Check found.
type Preview struct {
	Step    plan.Step
	Finding Finding
	// Err is why there is no finding. Only Look has it.
	Err error
}

// Preview checks every step at once.
func (r Handlers) Preview(ctx context.Context, steps []plan.Step) ([]Preview, error) {
	return checkAll(ctx, r.Of, steps, func(Finding) error { return nil })
}

// checkAll checks every step at once, until accept is an error for what one has found.
func checkAll(ctx context.Context, of func(plan.Step) (Handler, error), steps []plan.Step, accept func(Finding) error) ([]Preview, error) {
	previews := make([]Preview, len(steps))
	err := Each(ctx, steps, func(ctx context.Context, i int, step plan.Step) error {
		h, err := of(step)
		if err != nil {
			return err
		}
		finding, err := checked(ctx, h)
		if err != nil {
			return &StepError{Step: step, Err: err}
		}
		previews[i] = Preview{Step: step, Finding: finding}
		return accept(finding)
	})
	return previews, err
}

// Settled reports whether nothing is left to do, also to the observer. It checks all steps at once, until one of them is not done: that
// makes a second create quick. Then Run checks one step after the other.
func (e *Engine) Settled(ctx context.Context, steps []plan.Step) bool {
	previews, err := checkAll(ctx, e.Handler, steps, func(f Finding) error {
		if f.State != Done {
			return errUnsettled
		}
		return nil
	})
	if err != nil {
		return false
	}
	for _, preview := range previews {
		e.Observe(Event{Kind: StepSkipped, Step: preview.Step, Finding: preview.Finding})
	}
	return true
}

var errUnsettled = errors.New("something is left to do")
