package engine

import (
	"context"

	"gpk/pkg/plan"
)

// Drift is one thing in the cluster that is not as a plan wants it.
type Drift struct {
	// Step is the one that would mend it.
	Step plan.Step
	// Object is the object whose field differs, as kubectl names it; empty for what is not about an object.
	Object string
	// Difference is the field: from what is there to what is wanted. It has no Field where Found says it all.
	plan.Difference
	// Found is in words what the step's Check found.
	Found string
	// Command mends it, where that is not the step's business.
	Command plan.Command
	// Next is what a person must decide, if the step is blocked.
	Next Advice
	// unknown is set where nothing can be found out before earlier steps are done. If these have a drift it says enough.
	Unknown bool
}

// Comparer is a handler that compares what it makes field by field, instead of by its Check.
type Comparer interface {
	Compared(ctx context.Context) ([]Drift, error)
}

// Drift is what differs from what a step wants.
func (r Handlers) Drift(ctx context.Context, step plan.Step) ([]Drift, error) {
	h, err := r.Of(step)
	if err != nil {
		return nil, err
	}
	var found []Drift
	if c, ok := h.(Comparer); ok {
		found, err = c.Compared(ctx)
	} else if finding, failure := checked(ctx, h); failure != nil {
		err = failure
	} else if finding.State != Done {
		found = Told(finding)
	}
	for i := range found {
		found[i].Step = step
	}
	return found, err
}

// Told is what a Check has found, if that is not that all is done.
func Told(finding Finding) []Drift {
	var found []Drift
	for _, detail := range finding.Details {
		found = append(found, Drift{Found: detail, Next: finding.Next, Unknown: finding.State == Unknown})
	}
	return found
}
