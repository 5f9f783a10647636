package record

import (
	"context"
	"slices"
	"time"

	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

// Journal is the journal of one operation, in the cluster's record.
type Journal struct {
	store  *Store
	Record Record
	// kept is the record as it is in the cluster.
	kept Record
	plan plan.Plan
	// Begun is kept as unfinished from the step Window on, the first that leaves the cluster between two states. "": from the first on.
	Begun  *Unfinished
	Window string
}

// Journal is the journal of a plan's operation, after what is kept.
func (s *Store) Journal(kept Record, p plan.Plan) *Journal {
	return &Journal{store: s, Record: kept, kept: kept, plan: p}
}

// Note adds an entry, and keeps the record.
func (r *Journal) Note(ctx context.Context, step plan.Step, event, detail string) error {
	if r.Begun != nil && r.Record.Unfinished == nil && r.inWindow(step.ID) {
		r.Record.Unfinished = r.Begun
	}
	r.Record.Journal = append(r.Record.Journal, Entry{time.Now().UTC(), r.plan.Operation, step.ID, event, short(topology.HideSecrets(detail))})
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

// inWindow reports whether a step is in the window. One that the plan does not have is.
func (r *Journal) inWindow(id string) bool {
	at := func(id string) int {
		return slices.IndexFunc(r.plan.Steps, func(s plan.Step) bool { return s.ID == id })
	}
	step := at(id)
	return step < 0 || step >= at(r.Window)
}
