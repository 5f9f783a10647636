package record

import (
	"context"
	"time"

	"gpk/pkg/plan"
)

// Includes says whether a step is of the window, which is where an operation begins to leave a cluster between two states.
func (p Window) Includes(id string) bool {
	if p.Step == "" {
		return true
	}
	for _, step := range p.Plan.Steps {
		if step.ID == p.Step {
			return true
		}
		if step.ID == id {
			return false
		}
	}
	return true
}

// Window is a plan with the first step of its window; without one all of it is.
type Window struct {
	Plan plan.Plan
	Step string
}

// Conclude keeps what the cluster is now that everything is done.
func (r *Notes) Conclude(ctx context.Context, change func(*Record)) error {
	change(&r.Record)
	if r.Record.Spec == r.kept.Spec && r.Record.Unfinished == r.kept.Unfinished && r.Record.Previous == r.kept.Previous {
		return nil
	}
	return r.keep(ctx)
}

// Notes is the journal in the cluster's record.
type Notes struct {
	store  *Store
	Record Record
	// kept is the record as it is in the cluster.
	kept      Record
	operation string
	// begun is kept from the first step of the window on.
	Begun  *Unfinished
	Window Window
}

func (r *Notes) Note(ctx context.Context, step plan.Step, event, detail string) error {
	if r.Begun != nil && r.Record.Unfinished == nil && r.Window.Includes(step.ID) {
		r.Record.Unfinished = r.Begun
	}
	r.Record.Journal = append(r.Record.Journal, Entry{time.Now().UTC(), r.operation, step.ID, event, detail})
	return r.keep(ctx)
}

func (r *Notes) keep(ctx context.Context) error {
	if err := r.store.Keep(ctx, r.Record); err != nil {
		return err
	}
	r.kept = r.Record
	return nil
}
