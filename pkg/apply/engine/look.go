package engine

import (
	"context"
	"errors"
	"time"

	"gpk/pkg/plan"
)

// Look checks every step at once, and then carries out those that only try something out (plan.Try): what they make counts in quotas, which
// another step may look at. No finding ends it: what one step finds does not keep another from being told. An error of a step is in its
// Preview.
func (r Handlers) Look(ctx context.Context, steps []plan.Step, observe Observer) ([]Preview, error) {
	previews := make([]Preview, len(steps))
	observe = Serial(observe)
	for _, tries := range []bool{false, true} {
		_ = Each(ctx, steps, func(ctx context.Context, i int, step plan.Step) error {
			if _, is := step.Action.(plan.Try); is == tries {
				finding, err := r.look(ctx, step, observe)
				previews[i] = Preview{Step: step, Finding: finding, Err: err}
			}
			return nil
		})
	}
	return previews, context.Cause(ctx)
}

func (r Handlers) look(ctx context.Context, step plan.Step, observe Observer) (Finding, error) {
	h, err := r.Of(step)
	if err != nil {
		return Finding{}, err
	}
	finding, err := checked(ctx, h)
	if _, tries := step.Action.(plan.Try); !tries || err != nil || finding.State != Pending {
		return finding, err
	}
	began := time.Now()
	observe(Event{Kind: StepStarted, Step: step, Finding: finding})
	if err := h.Do(ctx, func(line string) { observe(Event{Kind: Progress, Step: step, Line: line}) }); err != nil {
		return Finding{}, err
	}
	if finding, err = checked(ctx, h); err == nil && finding.State == Done {
		observe(Event{Kind: StepDone, Step: step, Elapsed: time.Since(began)})
	}
	return finding, err
}

// Refusal is the error of a step that is blocked or whose facts could not be had, nil for all others.
func (p Preview) Refusal() error {
	switch {
	case p.Err != nil:
		if _, named := errors.AsType[*StepError](p.Err); named {
			return p.Err
		}
		return &StepError{Step: p.Step, Err: p.Err}
	case p.Finding.State == Blocked:
		return blocked(p.Step, p.Finding)
	}
	return nil
}
