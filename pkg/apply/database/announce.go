package database

import (
	"context"
	"fmt"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/remote"
	"gpk/pkg/segments"
)

// Announce decides, and lets the coordinators' pods that run and can be reached know the term of it, so that none of them acts
// on what was decided before if its container ends right now. The other pods do nothing without a coordinator.
func (d *Database) Announce(ctx context.Context, changes map[string]string, progress func(string)) error {
	term, err := d.store.Decide(ctx, changes)
	if err != nil || term == "" { // what was decided without a term has not changed
		return err
	}
	pods, err := d.CoordinatorPods(ctx)
	if err != nil {
		return err
	}
	return engine.Each(ctx, pods, func(ctx context.Context, _ int, pod string) error {
		if _, err := d.remote.RunSoon(ctx, pod, segments.Learn(term), AskTime); err != nil {
			progress(fmt.Sprintf("pod %s sees it within two minutes: %s", pod, remote.Summary(err)))
		}
		return ctx.Err()
	})
}
