package database

import (
	"context"
	"errors"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
)

// ComeToEnd waits for those of these jobs that an earlier gpk has begun in the pod of the coordinator that is to act: beside one
// that stops the database none may start it, nor the other way round. How they end is the next look's business. Where that pod
// cannot be asked nothing of it is waited for.
func (d *Database) ComeToEnd(ctx context.Context, names []string, progress func(string)) error {
	state, err := d.store.State(ctx)
	if err != nil {
		return err
	}
	pod := state[plan.StateCoordinator]
	if runs, err := d.pods.Runs(ctx, pod); err != nil || !runs || d.IsLost(pod) {
		return err
	}
	states := make([]remote.JobState, len(names))
	err = engine.Each(ctx, names, func(ctx context.Context, i int, name string) (err error) {
		states[i], err = d.remote.Job(pod, name).Answer(ctx)
		return err
	})
	if err != nil {
		return context.Cause(ctx)
	}
	for i, name := range names {
		if states[i].Phase != "running" {
			continue
		}
		progress("waiting for " + name + ", which an earlier gpk has begun")
		var exit *UtilityError
		if err := d.Follow(ctx, d.remote.Job(pod, name), name, progress); err != nil && !errors.As(err, &exit) {
			return err
		}
	}
	return nil
}
