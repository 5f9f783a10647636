package engine

import (
	"context"

	"gpk/pkg/plan"
)

// Drift is one difference between the cluster and a plan.
type Drift struct {
	// Step is the one that would remove it.
	Step plan.Step
	// Object is the object whose field differs, as kubectl names it; empty for what is not about an object.
	Object string
	// Difference is the field: from what is there to what is wanted. It has no Field where Found tells all.
	plan.Difference
	// Found is a detail of the step's Check.
	Found string
	// Command removes it, where the step would not.
	Command plan.Command
	// Next is what a person must decide, if the step is blocked.
	Next Advice
	// Unknown is set where the facts are not available before earlier steps are done. A drift of these is enough to report.
	Unknown bool
}

// Comparer is a handler that compares what it makes field by field, instead of by its Check.
type Comparer interface {
	Compared(ctx context.Context) ([]Drift, error)
}

// Drift are the differences from what a step wants.
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
		found = DriftOf(finding)
	}
	for i := range found {
		found[i].Step = step
	}
	return found, err
}

// DriftOf are the details of a finding as drift.
func DriftOf(finding Finding) []Drift {
	var found []Drift
	for _, detail := range finding.Details {
		found = append(found, Drift{Found: detail, Next: finding.Next, Unknown: finding.State == Unknown})
	}
	return found
}
