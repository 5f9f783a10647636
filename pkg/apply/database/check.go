package database

import (
	"context"
	"errors"

	"gpk/pkg/apply/engine"
)

// WithActing is a Check that needs the acting coordinator. Its finding is Unknown as long as none answers. While no step changes
// anything, the answer for one Check counts for the next: what confirms a step is what the next step finds.
func (c *Coordinators) WithActing(ctx context.Context, check func(context.Context, Acting) (engine.Finding, error)) (
	engine.Finding, error) {
	ask := c.Acting
	if c.idle.Load() {
		ask = c.RecentActing
	}
	return unlessSilent(ctx, ask, check)
}

// WithProbed is WithActing for a step that must not believe an old catalogue.
func (p *Probes) WithProbed(ctx context.Context, check func(context.Context, Acting) (engine.Finding, error)) (engine.Finding, error) {
	return unlessSilent(ctx, p.Probed, check)
}

func unlessSilent(ctx context.Context, ask func(context.Context) (Acting, error),
	check func(context.Context, Acting) (engine.Finding, error)) (engine.Finding, error) {
	acting, err := ask(ctx)
	switch {
	case errors.Is(err, ErrNoCoordinator):
		return engine.Finding{State: engine.Unknown, Details: []string{err.Error()}}, nil
	case err != nil:
		return engine.Finding{}, err
	}
	return check(ctx, acting)
}
