package database

import (
	"context"
	"errors"

	"gpk/pkg/apply/engine"
)

// LookAt is a Check that needs the acting coordinator. Its finding is Unknown as long as none answers. While no step changes
// anything, the answer for one Check counts for the next: what confirms a step is what the next step finds.
func (c *Coordinators) LookAt(ctx context.Context, check func(context.Context, Acting) (engine.Finding, error)) (engine.Finding, error) {
	ask := c.Acting
	if c.idle.Load() {
		ask = c.Lately
	}
	return unlessSilent(ctx, ask, check)
}

// LookProbed is LookAt for a step that must not believe an old catalogue.
func (p *Probes) LookProbed(ctx context.Context, check func(context.Context, Acting) (engine.Finding, error)) (engine.Finding, error) {
	return unlessSilent(ctx, p.Probed, check)
}

func unlessSilent(ctx context.Context, ask func(context.Context) (Acting, error),
	check func(context.Context, Acting) (engine.Finding, error)) (engine.Finding, error) {
	acting, err := ask(ctx)
	switch {
	case errors.Is(err, ErrSilent):
		return engine.Finding{State: engine.Unknown, Details: []string{err.Error()}}, nil
	case err != nil:
		return engine.Finding{}, err
	}
	return check(ctx, acting)
}
