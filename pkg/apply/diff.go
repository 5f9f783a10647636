package apply

import (
	"context"
	"slices"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
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

// Difference is one thing in which a file and a cluster differ, and what to do about it.
type Difference struct {
	engine.Drift
	// Why says why there is no Command that makes the change, or what must be done before it.
	Why string
}

// Diff compares a file with the cluster.yaml that the cluster was made from, and then the cluster with that. A cluster that has no
// database yet is compared with the file itself, but for what its volumes were made for.
func Diff(ctx context.Context, t *Target, c *topology.Cluster, file string) ([]Difference, error) {
	found := []Difference{}
	kept, err := t.store.Record(ctx)
	if drift, foreign := kube.ForeignDrift(err); foreign {
		// The cluster has none then, and what else there is may be somebody else's as well.
		found = append(found, differenceOf(drift, file, ""))
	} else if err != nil {
		return nil, err
	}
	made, err := t.recorded(kept)
	if err != nil {
		return nil, err
	}
	wanted, note := c, ""
	if made != nil {
		p, err := plan.Create(made)
		if err != nil {
			return nil, err
		}
		stage, err := StageOf(ctx, t, p)
		if err != nil {
			return nil, err
		}
		left := refused(plan.Changes(made, c, file), stage, false)
		found = append(found, DifferencesOf(left)...)
		if stage == Database || len(left) > 0 {
			wanted = made
		}
		if len(left) > 0 {
			note = "after the changes above"
		}
	}
	p, err := plan.Compare(wanted, c)
	if err != nil {
		return nil, err
	}
	drift, err := t.Drift(ctx, p)
	for _, d := range drift {
		found = append(found, differenceOf(d, file, note))
	}
	return found, err
}

// DifferencesOf are changes of cluster.yaml as differences.
func DifferencesOf(changes []plan.Change) []Difference {
	var all []Difference
	for _, c := range changes {
		all = append(all, Difference{engine.Drift{Difference: c.Difference, Command: c.Command}, c.Why})
	}
	return all
}

// differenceOf is a difference of the cluster to its plan.
func differenceOf(d engine.Drift, file, note string) Difference {
	switch {
	case !d.Next.Empty():
		d.Command, note = nil, ""
	case d.Command == nil:
		d.Command = plan.Repair(d.Step, file)
	}
	return Difference{d, note}
}
