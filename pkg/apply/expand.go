package apply

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// ExpandOptions are what a person asks of an expansion.
type ExpandOptions struct {
	// Segments is the number of segments afterwards, in all; 0: an unfinished expansion is resumed.
	Segments int32
	// Bounds are how long rows are moved, and None leaves them where they are.
	Bounds Bounds
	None   bool
	// Analyze gathers the statistics of all tables when all rows are moved.
	Analyze bool
	// SkipCapacity leaves out the check whether the nodes have room.
	SkipCapacity bool
}

// Expanded is what an expansion has done. Its JSON is stable.
type Expanded struct {
	Operated
	// Segments is how many segments the cluster has.
	Segments int32 `json:"segments"`
	// Redistribution is how far the rows have come, absent if all are where they belong.
	Redistribution *segments.Expansion `json:"redistribution,omitempty"`
}

// Expand makes new segments, if more are wanted than there are, and moves the rows to them.
func Expand(ctx context.Context, t *Target, m Made, options ExpandOptions, tell Observers) (Expanded, error) {
	answer := Expanded{Segments: m.Cluster.Spec.Segments.Count}
	to, err := options.wanted(m)
	if err != nil {
		return answer, err
	}
	cluster := m.Cluster
	if to != nil {
		p, begun, err := expansion(ctx, t, m, to, options)
		if err != nil {
			return answer, err
		}
		run := Options{Begun: begun, Result: begun.To, Accept: m.unchanged}
		if answer.Outcome, err = t.Run(ctx, p, run, tell); err != nil {
			return answer, unexpand(ctx, t, m, to, err, tell)
		}
		answer.ClusterYAML = plan.ClusterDifferences(m.Cluster, to)
		answer.Segments, cluster = to.Spec.Segments.Count, to
	}
	under, err := redistribute(ctx, t, cluster, options, &answer.Outcome, tell)
	if under.Status != "" {
		answer.Redistribution = &under
	}
	return answer, err
}

// PreviewExpand says what there is to do, as far as it can be known before it is begun.
func PreviewExpand(ctx context.Context, t *Target, m Made, options ExpandOptions) ([]engine.Preview, error) {
	to, err := options.wanted(m)
	if err != nil {
		return nil, err
	}
	p := plan.StartRedistribution(m.Cluster, options.Bounds.redistribution(time.Now()))
	if to != nil {
		if p, _, err = expansion(ctx, t, m, to, options); err != nil {
			return nil, err
		}
	} else if options.None {
		p.Steps = nil
	}
	return t.PreviewOperation(ctx, Operation{made: m, plan: p})
}

// ExpandBack takes back an unfinished expansion, with its new pods and their volumes.
func ExpandBack(m Made) (Operation, error) {
	u := m.unfinished(plan.ExpandOperation)
	if u == nil {
		return Operation{}, hint(errors.New("no expansion of "+m.Ref.Name+" can be undone; nothing was changed"),
			"if the new segments are there already, ", plan.Gpk("expand", "--resume"), " moves the rows to them")
	}
	to, err := m.clusterOf(u.To)
	if err != nil {
		return Operation{}, err
	}
	p, err := plan.Unexpand(m.Cluster, to)
	return Operation{made: m, plan: p, run: Options{Begun: u}}, err
}

// wanted is the cluster with the segments that are wanted, nil if it has them already.
func (o ExpandOptions) wanted(m Made) (*topology.Cluster, error) {
	have, name := m.Cluster.Spec.Segments.Count, m.Ref.Name
	if u := m.Record.Unfinished; u != nil {
		if u.Operation != plan.ExpandOperation {
			return nil, u.Refusal(name)
		}
		to, err := m.clusterOf(u.To)
		if err == nil && o.Segments != 0 && o.Segments != to.Spec.Segments.Count {
			return nil, hint(fmt.Errorf("%s is being expanded to %d segments; nothing was changed", name, to.Spec.Segments.Count),
				"finish that with ", plan.ReadCommand(u.Resume), ", or undo it with ", plan.ReadCommand(u.Undo))
		}
		return to, err
	}
	switch {
	case o.Segments == 0 || o.Segments == have:
		return nil, nil
	case o.Segments < have:
		return nil, UsageError{hint(fmt.Errorf("%s has %d segments, and Greenplum removes none; nothing was changed", name, have),
			"make a smaller cluster with `gpk create`, and move the data there")}
	}
	to := *m.Cluster
	to.Spec.Segments.Count = o.Segments
	if err := to.ValidateChange(m.Cluster); err != nil {
		return nil, UsageError{fmt.Errorf("--segments %d: %w", o.Segments, err)}
	}
	return &to, nil
}

// expansion is the plan of the new segments, with what keeps others from coming between.
func expansion(ctx context.Context, t *Target, m Made, to *topology.Cluster, options ExpandOptions) (plan.Plan, *record.Unfinished, error) {
	text, err := textOf(to)
	if err != nil {
		return plan.Plan{}, nil, err
	}
	coordinator := topology.New(m.Cluster).Coordinator().Pod
	if acting, err := t.db.Acting(ctx); err == nil {
		coordinator = acting.Pod
	}
	begun := m.Record.Unfinished
	p, err := plan.Expand(m.Cluster, to, coordinator, begun != nil)
	if options.SkipCapacity {
		p = p.Without("capacity")
	}
	if begun == nil {
		begun = &record.Unfinished{Operation: plan.ExpandOperation, Since: time.Now().UTC(), From: m.Record.Spec, To: text,
			Resume: plan.Gpk("expand", "--resume").String(), Undo: plan.Gpk("expand", "--rollback").String()}
	}
	return p, begun, err
}

// unexpand takes back what has failed before the catalogue was changed, unless gpk itself was interrupted.
func unexpand(ctx context.Context, t *Target, m Made, to *topology.Cluster, cause error, tell Observers) error {
	if _, failed := errors.AsType[*engine.StepError](cause); !failed || ctx.Err() != nil {
		return cause
	}
	kept, err := t.store.Record(ctx)
	if err != nil || kept.Unfinished == nil {
		return cause
	}
	p, err := plan.Unexpand(m.Cluster, to)
	if err != nil {
		return cause
	}
	resume := engine.Next("fix the cause and continue with ", plan.Gpk("expand", "--resume"))
	found, err := t.Preview(ctx, p)
	switch {
	case err != nil:
		return hint(cause, resume, ", or undo it with ", plan.Gpk("expand", "--rollback"))
	case found[0].Finding.State == engine.Blocked:
		return hint(cause, resume, ": "+strings.Join(found[0].Finding.Details, "; "))
	}
	if _, err := t.Run(ctx, p, Options{Begun: kept.Unfinished}, tell); err != nil {
		return hint(fmt.Errorf("%w\nthe expansion could not be undone either: %w", cause, err), plan.Gpk("expand", "--rollback"))
	}
	return hint(fmt.Errorf("%w\nthe expansion has been undone: %s has the %d segments that it had before", cause, m.Ref.Name,
		m.Cluster.Spec.Segments.Count), "fix the cause and run the same command again")
}
