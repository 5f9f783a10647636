package apply

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// Bounds are how long rows are moved, and how many tables at a time.
type Bounds struct {
	// Until is when it ends; zero: when all rows are moved.
	Until time.Time
	// Limit is how long it takes at most, from when the rows begin to move; 0: as long as they take.
	Limit time.Duration
	// Parallel is how many tables are moved at a time.
	Parallel int
}

// begin is the bounds for rows that begin to move now: a duration becomes a point in time, however often gpexpand is started.
func (b Bounds) begin(now time.Time) Bounds {
	if b.Limit > 0 {
		b.Until, b.Limit = now.Add(b.Limit), 0
	}
	return b
}

// over says whether there is a time and it is over, by gpexpand's own clock: it looks at it every five seconds.
func (b Bounds) over(now time.Time) bool {
	return !b.Until.IsZero() && now.After(b.Until.Add(-time.Second))
}

// redistribution is what gpexpand is told when it is started now.
func (b Bounds) redistribution(now time.Time) segments.Redistribution {
	r := segments.Redistribution{Limit: b.Limit, Parallel: b.Parallel}
	if !b.Until.IsZero() {
		r.Limit = max(b.Until.Sub(now), time.Second)
	}
	return r
}

// redistribute moves the rows within the bounds, and tidies up behind them. It returns how far they are: nothing if all are moved.
func redistribute(ctx context.Context, t *Target, c *topology.Cluster, options ExpandOptions, outcome *Outcome,
	tell Observers) (segments.Expansion, error) {
	under, err := t.redistribution.Progress(ctx)
	if err != nil || under.Status == "" || options.None {
		return under, err
	}
	for bounds := options.Bounds.begin(time.Now()); !under.Complete(); {
		started, err := t.Run(ctx, plan.StartRedistribution(c, bounds.redistribution(time.Now())), Options{}, tell)
		if err != nil {
			return under, err
		}
		outcome.Changed += started.Changed
		if under, err = follow(ctx, t, tell); err != nil {
			return under, err
		}
		switch {
		case under.Complete():
		case bounds.over(time.Now()):
			return under, nil
		case started.Changed > 0:
			return under, left(ctx, t, under)
		}
		// What has ended was bounded by whoever started it.
	}
	finished, err := t.Run(ctx, plan.FinishExpansion(c, options.Analyze), Options{}, tell)
	outcome.Changed += finished.Changed
	return segments.Expansion{}, err
}

// follow waits until gpexpand has moved what it can.
func follow(ctx context.Context, t *Target, tell Observers) (segments.Expansion, error) {
	step := plan.Step{Title: "rows on their way to the new segments"}
	tell.Observe(engine.Event{Kind: engine.StepStarted, Step: step})
	return t.redistribution.Follow(ctx, func(line string) {
		tell.Observe(engine.Event{Kind: engine.Progress, Step: step, Line: line})
	})
}

// left is the error of tables that could not be redistributed.
func left(ctx context.Context, t *Target, under segments.Expansion) error {
	err := fmt.Errorf("the segments are there, but some tables could not be redistributed: %s; left: %s",
		under, strings.Join(under.Left, ", "))
	if faults := t.redistribution.Faults(ctx); len(faults) > 0 {
		err = fmt.Errorf("%w\n  %s", err, strings.Join(faults, "\n  "))
	}
	return hint(err, "fix the cause and continue with ", plan.Gpk("expand", "--resume"), "; the database works meanwhile")
}
