package record

import (
	"context"
	"slices"
	"time"

	"gpk/pkg/plan"
)

// Journal is the journal of one operation, in the cluster's record.
type Journal struct {
	store  *Store
	Record Record
	// kept is the record as it is in the cluster.
	kept      Record
	operation string
	// Begun is kept as unfinished from the first step of the window on.
	Begun  *Unfinished
	Window Window
}

// Journal is the journal of an operation, after what is kept.
func (s *Store) Journal(kept Record, operation string) *Journal {
	return &Journal{store: s, Record: kept, kept: kept, operation: operation}
}

// Note adds an entry, and keeps the record.
func (r *Journal) Note(ctx context.Context, step plan.Step, event, detail string) error {
	if r.Begun != nil && r.Record.Unfinished == nil && r.Window.Includes(step.ID) {
		r.Record.Unfinished = r.Begun
	}
	r.Record.Journal = append(r.Record.Journal, Entry{time.Now().UTC(), r.operation, step.ID, event, detail})
	return r.keep(ctx)
}

// Conclude keeps what the cluster is once everything is done.
func (r *Journal) Conclude(ctx context.Context, change func(*Record)) error {
	change(&r.Record)
	if r.Record.Spec == r.kept.Spec && r.Record.Unfinished == r.kept.Unfinished && r.Record.Previous == r.kept.Previous {
		return nil
	}
	return r.keep(ctx)
}

func (r *Journal) keep(ctx context.Context) error {
	if err := r.store.Keep(ctx, r.Record); err != nil {
		return err
	}
	r.kept = r.Record
	return nil
}

// Window is a plan and the first of its steps that leave the cluster between two states. Without a step all of them do.
type Window struct {
	Plan plan.Plan
	Step string
}

// Includes reports whether a step is in the window. One that the plan does not have is.
func (w Window) Includes(id string) bool {
	at := func(id string) int {
		return slices.IndexFunc(w.Plan.Steps, func(s plan.Step) bool { return s.ID == id })
	}
	step := at(id)
	return step < 0 || step >= at(w.Step)
}
