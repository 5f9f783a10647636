package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// expandFlags are what a person asks of expand.
type expandFlags struct {
	segments         int32
	resume, rollback bool
	none             bool
	limit            time.Duration
	until            string
	parallel         int
	analyze          bool
	skipCapacity     bool
	dryRun           *bool
}

func (a *app) expandCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "expand --segments N",
		Short: "Give the cluster more segments, and move the rows to them",
		Long: `expand makes new pods, has gpexpand add their segments, and then has gpexpand move the tables' rows, table by table,
while the database is used. --segments is the number of segments that are wanted in all.

What fails before the catalogue was changed is taken back, with the new pods and their volumes. From then on there is only
forward: --resume goes on, with the segments as with the rows. Moving rows may take long: it goes on in the cluster when gpk
ends, and failover and recover may come between.`,
		Example: `  gpk expand --segments 8
  gpk expand --segments 8 --redistribute-for 2h --parallel 4
  gpk expand --segments 8 --no-redistribute
  gpk expand --resume --redistribute-until 06:00`,
		Annotations: map[string]string{endless: "the rows take as long as they take"},
	}
	var f expandFlags
	flags := cmd.Flags()
	flags.Int32Var(&f.segments, "segments", 0, "number of segments afterwards, in all")
	flags.BoolVar(&f.resume, "resume", false, "go on with an expansion that has been begun")
	flags.BoolVar(&f.rollback, "rollback", false, "take back an expansion that has not come to change the catalogue")
	flags.BoolVar(&f.none, "no-redistribute", false, "leave the rows where they are, for a later --resume")
	flags.DurationVar(&f.limit, "redistribute-for", 0, "move rows for this long at most, such as 2h; --resume goes on")
	flags.StringVar(&f.until, "redistribute-until", "", "move rows until this time at most: 15:04, \"2006-01-02 15:04\", or RFC 3339")
	flags.IntVar(&f.parallel, "parallel", 1, "how many tables are moved at a time, up to 96")
	flags.BoolVar(&f.analyze, "analyze", false, "gather the statistics of all tables when all rows are moved")
	flags.BoolVar(&f.skipCapacity, "skip-capacity", false, "do not look whether the nodes have room, as where an autoscaler adds some")
	f.dryRun = dryRunFlag(cmd)
	excludes(cmd, "rollback", "segments", "resume", "no-redistribute", "redistribute-for", "redistribute-until", "parallel", "analyze",
		"skip-capacity")
	excludes(cmd, "resume", "segments")
	excludes(cmd, "no-redistribute", "redistribute-for", "redistribute-until", "parallel", "analyze")
	excludes(cmd, "redistribute-for", "redistribute-until")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := f.check(); err != nil {
			return err
		}
		bounds, err := newBounds(f, time.Now())
		if err != nil {
			return err
		}
		m, err := a.made(cmd.Context())
		if err != nil {
			return err
		}
		if f.rollback {
			return a.rollbackExpansion(cmd.Context(), m, *f.dryRun)
		}
		to, err := f.wanted(m)
		if err != nil {
			return err
		}
		x := &expansion{app: a, made: m, flags: f, bounds: bounds}
		if *f.dryRun {
			return x.preview(cmd.Context(), to)
		}
		return x.run(cmd.Context(), to)
	}
	return cmd
}

func (f expandFlags) check() error {
	asked := 0
	for _, given := range []bool{f.segments != 0, f.resume, f.rollback} {
		if given {
			asked++
		}
	}
	switch {
	case asked != 1:
		return usage("one of --segments N, --resume and --rollback says what to do")
	case f.segments < 0:
		return usage("--segments %d: it is the number of segments afterwards, in all", f.segments)
	case f.parallel < 1 || f.parallel > 96:
		return usage("--parallel %d: gpexpand takes 1 to 96", f.parallel)
	case f.limit < 0:
		return usage("--redistribute-for %s: it is a duration such as 90m", f.limit)
	}
	return nil
}

// wanted is the cluster with the segments that are wanted, nil if it has them already.
func (f expandFlags) wanted(m made) (*topology.Cluster, error) {
	have, name := m.cluster.Spec.Segments.Count, m.target.Ref.Name
	if u := m.record.Unfinished; u != nil {
		if u.Operation != "expand" {
			return nil, u.Refusal(name)
		}
		to, err := topology.Recorded([]byte(u.To), m.target.Ref.Namespace)
		if err == nil && f.segments != 0 && f.segments != to.Spec.Segments.Count {
			return nil, hint(fmt.Errorf("%s is being expanded to %d segments: nothing was changed", name, to.Spec.Segments.Count),
				"finish that with `"+u.Resume+"`, or take it back with `"+u.Undo+"`")
		}
		return to, err
	}
	switch {
	case f.resume || f.segments == have:
		return nil, nil
	case f.segments < have:
		return nil, hint(usage("%s has %d segments, and Greenplum takes none away: nothing was changed", name, have),
			"make a smaller cluster with `gpk create`, and move the data there")
	}
	to := *m.cluster
	to.Spec.Segments.Count = f.segments
	if err := to.Validate(); err != nil {
		return nil, usageError{fmt.Errorf("--segments %d: %w", f.segments, err)}
	}
	return &to, nil
}

// preview says what there is to do, as far as it can be known before it is begun.
func (x *expansion) preview(ctx context.Context, to *topology.Cluster) error {
	p := plan.StartRedistribution(x.made.cluster, x.bounds.redistribution(time.Now()))
	if to != nil {
		var err error
		if p, _, err = x.plan(ctx, to); err != nil {
			return err
		}
	} else if x.flags.none {
		p.Steps = nil
	}
	return x.app.preview(ctx, x.made.target, p)
}

// plan is that of the new segments, with what keeps others from coming between.
func (x *expansion) plan(ctx context.Context, to *topology.Cluster) (plan.Plan, *record.Unfinished, error) {
	text, err := yaml.Marshal(to)
	if err != nil {
		return plan.Plan{}, nil, err
	}
	coordinator := topology.New(x.made.cluster).Coordinator().Pod
	if acting, err := x.made.target.Acting(ctx); err == nil {
		coordinator = acting.Pod
	}
	begun := x.made.record.Unfinished
	p, err := plan.Expand(x.made.cluster, to, coordinator, begun != nil)
	if x.flags.skipCapacity {
		p = p.Without("capacity")
	}
	if begun == nil {
		begun = &record.Unfinished{Operation: "expand", Since: time.Now().UTC(), Resume: "gpk expand --resume",
			Undo: "gpk expand --rollback", From: x.made.record.Spec, To: string(text)}
	}
	return p, begun, err
}

// rollbackExpansion takes an expansion back that was interrupted.
func (a *app) rollbackExpansion(ctx context.Context, m made, dryRun bool) error {
	u := m.record.Unfinished
	if u == nil || u.Operation != "expand" {
		return hint(errors.New("no expansion of "+m.target.Ref.Name+" can be taken back: nothing was changed"),
			"if the new segments are there already, `gpk expand --resume` moves the rows to them")
	}
	to, err := topology.Recorded([]byte(u.To), m.target.Ref.Namespace)
	if err != nil {
		return err
	}
	p, err := plan.Unexpand(m.cluster, to)
	if err != nil {
		return err
	}
	sentence := fmt.Sprintf("the expansion of %s has been taken back: it has %d segments", m.target.Ref.Name, m.cluster.Spec.Segments.Count)
	return a.operate(ctx, m, operation{plan: p, begun: u, done: sentence, same: sentence}, dryRun)
}

// bounds are how long rows are moved.
type bounds struct {
	until    time.Time
	limit    time.Duration
	parallel int
}

func newBounds(f expandFlags, now time.Time) (bounds, error) {
	b := bounds{limit: f.limit, parallel: f.parallel}
	if f.limit > 0 {
		return b, nil
	}
	until, err := parseUntil(f.until, now)
	b.until = until
	return b, err
}

// begin is the bounds for rows that begin to move now: a duration counts from then, and is a point in time from then on,
// however often gpexpand is started until it.
func (b bounds) begin(now time.Time) bounds {
	if b.limit > 0 {
		b.until, b.limit = now.Add(b.limit), 0
	}
	return b
}

// over says whether there is a time and it is over, by gpexpand's own clock: it looks at it every five seconds.
func (b bounds) over(now time.Time) bool {
	return !b.until.IsZero() && now.After(b.until.Add(-time.Second))
}

// redistribution is what gpexpand is told when it is started now.
func (b bounds) redistribution(now time.Time) segments.Redistribution {
	r := segments.Redistribution{Limit: b.limit, Parallel: b.parallel}
	if !b.until.IsZero() {
		r.Limit = max(b.until.Sub(now), time.Second)
	}
	return r
}

// parseUntil reads a point in time. A time of day is the next such one.
func parseUntil(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if clock, err := time.ParseInLocation("15:04", text, now.Location()); err == nil {
		at := time.Date(now.Year(), now.Month(), now.Day(), clock.Hour(), clock.Minute(), 0, 0, now.Location())
		if !at.After(now) {
			at = at.AddDate(0, 0, 1)
		}
		return at, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04"} {
		at, err := time.ParseInLocation(layout, text, now.Location())
		switch {
		case err != nil:
		case !at.After(now):
			return time.Time{}, usage("--redistribute-until %s: that is over", text)
		default:
			return at, nil
		}
	}
	return time.Time{}, usage("--redistribute-until %s: write 15:04, \"2006-01-02 15:04\", or as RFC 3339", text)
}
