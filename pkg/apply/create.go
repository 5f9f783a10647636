package apply

import (
	"context"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

// CreateOptions say how far create may go.
type CreateOptions struct {
	// File is what the cluster.yaml is called in commands.
	File string
	// Update makes the changes of the file that no other command makes.
	Update bool
	// SkipCapacity leaves out the check whether the nodes have room.
	SkipCapacity bool
	// Namespace makes the namespace if it is missing.
	Namespace bool
}

// ChangedError says that a cluster.yaml differs from the one that the cluster was made from, in what create does not change.
type ChangedError struct {
	File, Cluster string
	Changes       []plan.Change
}

// Error names the file.
func (e *ChangedError) Error() string {
	return e.File + " differs from the file that " + e.Cluster + " was made from, and create does not change an existing cluster"
}

// Create makes the cluster of a file, or what is left of it.
func Create(ctx context.Context, t *Target, c *topology.Cluster, options CreateOptions, tell Observers) (Outcome, error) {
	p, err := options.plan(c)
	if err != nil {
		return Outcome{}, err
	}
	if options.Namespace {
		if err := kube.MakeNamespace(ctx, t.kube); err != nil {
			return Outcome{}, err
		}
	}
	spec, err := textOf(c)
	if err != nil {
		return Outcome{}, err
	}
	accept := func(ctx context.Context, kept record.Record) error {
		if err := acceptable(ctx, t, kept, c, options); err != nil || kept.Spec != "" {
			return err
		}
		return lookFirst(ctx, t, c, options, tell)
	}
	return t.Run(ctx, p, Options{Spec: spec, Accept: accept}, tell)
}

// PreviewCreate says what Create would have to do, and changes nothing.
func PreviewCreate(ctx context.Context, t *Target, c *topology.Cluster, options CreateOptions) ([]engine.Preview, error) {
	p, err := options.plan(c)
	if err != nil {
		return nil, err
	}
	kept, err := t.store.Record(ctx)
	if err != nil {
		return nil, err
	}
	if err := acceptable(ctx, t, kept, c, options); err != nil {
		return nil, err
	}
	return t.Preview(ctx, p)
}

func (o CreateOptions) plan(c *topology.Cluster) (plan.Plan, error) {
	p, err := plan.Create(c)
	return o.without(p), err
}

// without is a plan without the steps that the user skips.
func (o CreateOptions) without(p plan.Plan) plan.Plan {
	if o.SkipCapacity {
		return p.Without("capacity")
	}
	return p
}

// acceptable refuses differences that create does not change. Without a database yet, those are only what the volumes were made for.
func acceptable(ctx context.Context, t *Target, kept record.Record, c *topology.Cluster, options CreateOptions) error {
	made, err := t.recorded(kept)
	if made == nil || err != nil {
		return err
	}
	changes := plan.Changes(made, c, options.File)
	if len(changes) == 0 {
		return nil
	}
	p, err := plan.Create(made)
	if err != nil {
		return err
	}
	stage, err := StageOf(ctx, t, p)
	if err != nil {
		return err
	}
	if left := refused(changes, stage, options.Update); len(left) > 0 {
		return &ChangedError{options.File, t.Ref.Name, left}
	}
	return nil
}

// refused are the changes that create does not make.
func refused(changes []plan.Change, stage Stage, update bool) []plan.Change {
	var left []plan.Change
	for _, change := range changes {
		switch {
		case stage == Database && (!update || !change.Update):
			left = append(left, change)
		case stage == Volumes && change.Fixed:
			change.Command, change.Why = plan.Gpk("delete", "--delete-data"), "the volumes have been made for it; there is no database in them yet"
			left = append(left, change)
		}
	}
	return left
}
