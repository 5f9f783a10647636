package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gpk/pkg/apply"
	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// expansion is one run of expand: new segments, if more are wanted than there are, and then the move of the rows.
type expansion struct {
	*app
	made   made
	flags  expandFlags
	bounds bounds
}

// expanded is what expand prints for machines. Its JSON is stable.
type expanded struct {
	operated
	// Segments is how many segments the cluster has.
	Segments int32 `json:"segments"`
	// Redistribution is how far the rows have come, absent if all are where they belong.
	Redistribution *segments.Expansion `json:"redistribution,omitempty"`
}

func (x *expansion) run(ctx context.Context, to *topology.Cluster) error {
	answer := expanded{Segments: x.made.cluster.Spec.Segments.Count}
	cluster := x.made.cluster
	if to != nil {
		p, begun, err := x.plan(ctx, to)
		if err != nil {
			return err
		}
		options := apply.Options{Begun: begun, Result: begun.To, Accept: unchanged(x.made)}
		if answer.Outcome, err = x.app.run(ctx, x.made.target, p, options); err != nil {
			return x.takeBack(ctx, to, err)
		}
		answer.ClusterYAML = plan.Differences(x.made.cluster, to)
		answer.Segments, cluster = to.Spec.Segments.Count, to
	}
	under, err := x.redistribute(ctx, cluster, &answer.Outcome)
	if err != nil {
		return err
	}
	if under.Status != "" {
		answer.Redistribution = &under
	}
	return x.tell(answer)
}

// takeBack is for what has failed before the catalogue was changed, unless gpk itself was interrupted.
func (x *expansion) takeBack(ctx context.Context, to *topology.Cluster, cause error) error {
	var step *engine.StepError
	if !errors.As(cause, &step) || ctx.Err() != nil {
		return cause
	}
	target := x.made.target
	record, err := target.Record(ctx)
	if err != nil || record.Unfinished == nil {
		return cause
	}
	p, err := plan.Unexpand(x.made.cluster, to)
	if err != nil {
		return cause
	}
	found, err := target.Preview(ctx, p)
	switch {
	case err != nil:
		return hint(cause, "mend the cause and go on with `gpk expand --resume`, or take it back with `gpk expand --rollback`")
	case found[0].Finding.State == engine.Blocked:
		return hint(cause, "mend the cause and go on with `gpk expand --resume`: "+strings.Join(found[0].Finding.Details, "; "))
	}
	if _, err := x.app.run(ctx, target, p, apply.Options{Begun: record.Unfinished}); err != nil {
		return hint(fmt.Errorf("%w\nand it could not be taken back: %w", cause, err), "gpk expand --rollback")
	}
	return hint(fmt.Errorf("%w\nthe expansion has been taken back: %s has the %d segments that it had", cause, target.Ref.Name,
		x.made.cluster.Spec.Segments.Count), "mend the cause and run the same command again")
}

// redistribute moves the rows, as long as the bounds allow, and tidies up behind them. It returns how far they are: nothing if
// all are where they belong.
func (x *expansion) redistribute(ctx context.Context, c *topology.Cluster, outcome *apply.Outcome) (segments.Expansion, error) {
	target := x.made.target
	under, err := target.Expansion(ctx)
	if err != nil || under.Status == "" || x.flags.none {
		return under, err
	}
	for bounds := x.bounds.begin(time.Now()); !under.Complete(); {
		started, err := x.app.run(ctx, target, plan.StartRedistribution(c, bounds.redistribution(time.Now())), apply.Options{})
		if err != nil {
			return under, err
		}
		outcome.Changed += started.Changed
		if under, err = x.follow(ctx); err != nil {
			return under, err
		}
		switch {
		case under.Complete():
		case bounds.over(time.Now()):
			return under, nil
		case started.Changed > 0:
			return under, x.left(ctx, under)
		}
		// What has ended was bounded by whoever started it.
	}
	finished, err := x.app.run(ctx, target, plan.FinishExpansion(c, x.flags.analyze), apply.Options{})
	outcome.Changed += finished.Changed
	return segments.Expansion{}, err
}

func (x *expansion) follow(ctx context.Context) (segments.Expansion, error) {
	const title = "rows on their way to the new segments"
	progress := x.progress()
	defer progress.stop()
	progress.observe(engine.Event{Kind: engine.StepStarted, Step: plan.Step{Title: title}})
	return x.made.target.FollowRedistribution(ctx, func(line string) {
		progress.observe(engine.Event{Kind: engine.Progress, Step: plan.Step{Title: title}, Line: line})
	})
}

// left is the error of tables that could not be redistributed.
func (x *expansion) left(ctx context.Context, under segments.Expansion) error {
	err := fmt.Errorf("the segments are there, but not all tables could be redistributed: %s; left: %s", under, strings.Join(under.Left, ", "))
	if faults := x.made.target.RedistributionFaults(ctx); len(faults) > 0 {
		err = fmt.Errorf("%w\n  %s", err, strings.Join(faults, "\n  "))
	}
	return hint(err, "mend the cause and go on with `gpk expand --resume`; the database works meanwhile")
}

// tell prints what there is now.
func (x *expansion) tell(answer expanded) error {
	if x.json() {
		return x.printJSON(answer)
	}
	name := x.made.target.Ref.Name
	lines := []string{fmt.Sprintf("%s has %d segments, and all rows are where they belong", name, answer.Segments)}
	switch under := answer.Redistribution; {
	case under != nil:
		lines = []string{fmt.Sprintf("%s has %d segments; rows redistributed: %s", name, answer.Segments, under),
			"go on with: gpk expand --resume"}
	case answer.Changed == 0:
		lines = []string{fmt.Sprintf("nothing to do: %s has %d segments", name, answer.Segments)}
	case !x.flags.analyze:
		lines = append(lines, "their statistics are of before: `gpk psql -d DATABASE -- -c analyze` gathers them anew, in each database")
	}
	if _, err := fmt.Fprintln(x.out, x.aimed(strings.Join(lines, "\n"))); err != nil {
		return err
	}
	return x.tellFile(answer.ClusterYAML)
}
