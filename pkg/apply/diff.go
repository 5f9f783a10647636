package apply

import (
	"context"
	"slices"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
)

// Drift compares the cluster with a plan: objects field by field with what the server says that applying them would
// make, everything else by the facts. It changes nothing. What several steps find is told of the first one only.
func (t *Target) Drift(ctx context.Context, p plan.Plan) ([]engine.Drift, error) {
	p, err := t.adapted(ctx, p)
	if err != nil {
		return nil, err
	}
	found := make([][]engine.Drift, len(p.Steps))
	err = engine.Each(ctx, p.Steps, func(ctx context.Context, i int, step plan.Step) (err error) {
		if found[i], err = t.handlers.Drift(ctx, step); err != nil {
			return &engine.StepError{Step: step, Err: err}
		}
		return nil
	})
	var all []engine.Drift
	seen := map[string]bool{}
	for _, d := range slices.Concat(found...) {
		if d.Unknown && len(all) > 0 || d.Found != "" && seen[d.Found] {
			continue
		}
		seen[d.Found] = true
		all = append(all, d)
	}
	return all, err
}
