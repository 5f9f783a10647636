package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gpk/pkg/apply"
	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
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
		Short: "Add segments to the cluster, and move rows to them",
		Long: `expand makes new pods, and gpexpand adds their segments. gpexpand then moves the rows, table by table, while the database
is in use. --segments is the number of all segments afterwards, not of the new ones.

If a step fails before gpexpand has changed the catalogue, gpk undoes the expansion and deletes the new pods and their
volumes. After that gpk can no longer undo it: --resume continues with the segments and the rows.

Moving rows may take long. It continues in the cluster when gpk ends, and failover and recover may run in between.`,
		Example: `  gpk expand --segments 8
  gpk expand --segments 8 --redistribute-for 2h --parallel 4
  gpk expand --segments 8 --no-redistribute
  gpk expand --resume --redistribute-until 06:00`,
		Annotations: map[string]string{endless: "the rows take as long as they take"},
	}
	var f expandFlags
	flags := cmd.Flags()
	flags.Int32Var(&f.segments, "segments", 0, "number of all segments afterwards")
	flags.BoolVar(&f.resume, "resume", false, "continue an unfinished expansion")
	flags.BoolVar(&f.rollback, "rollback", false, "undo an expansion that has not changed the catalogue yet")
	flags.BoolVar(&f.none, "no-redistribute", false, "leave the rows where they are; --resume moves them later")
	flags.DurationVar(&f.limit, "redistribute-for", 0, "move rows for at most this long, such as 2h; --resume continues")
	flags.StringVar(&f.until, "redistribute-until", "", "move rows until this time: 15:04, \"2006-01-02 15:04\", or RFC 3339")
	flags.IntVar(&f.parallel, "parallel", 1, "number of tables to move at a time, 1 to 96")
	flags.BoolVar(&f.analyze, "analyze", false, "gather the statistics of all tables after all rows are moved")
	flags.BoolVar(&f.skipCapacity, "skip-capacity", false, "skip the capacity check (for clusters with an autoscaler)")
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
		options, err := f.options(time.Now())
		if err != nil {
			return err
		}
		target, m, err := a.made(cmd.Context())
		switch {
		case err != nil:
			return err
		case f.rollback:
			return a.expandBack(cmd.Context(), target, m, *f.dryRun)
		case *f.dryRun:
			return a.preview(apply.PreviewExpand(cmd.Context(), target, m, options))
		}
		progress := a.progress()
		defer progress.stop()
		answer, err := apply.Expand(cmd.Context(), target, m, options, progress.observers())
		progress.stop()
		if err != nil {
			return err
		}
		return a.tellExpanded(m.Ref.Name, options, answer)
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
		return usage("give one of --segments N, --resume and --rollback")
	case f.segments < 0:
		return usage("--segments %d: give the number of all segments afterwards", f.segments)
	case f.parallel < 1 || f.parallel > 96:
		return usage("--parallel %d: give a number from 1 to 96", f.parallel)
	case f.limit < 0:
		return usage("--redistribute-for %s: give a duration such as 90m", f.limit)
	}
	return nil
}

// options are the flags for an expansion that begins now.
func (f expandFlags) options(now time.Time) (apply.ExpandOptions, error) {
	options := apply.ExpandOptions{Segments: f.segments, None: f.none, Analyze: f.analyze, SkipCapacity: f.skipCapacity,
		Bounds: apply.Bounds{Limit: f.limit, Parallel: f.parallel}}
	if f.limit > 0 {
		return options, nil
	}
	until, err := parseUntil(f.until, now)
	options.Bounds.Until = until
	return options, err
}

// expandBack takes back an unfinished expansion.
func (a *app) expandBack(ctx context.Context, target *apply.Target, m apply.Made, dryRun bool) error {
	o, err := apply.ExpandBack(m)
	if err != nil {
		return err
	}
	now := engine.Next(fmt.Sprintf("the expansion of %s is undone: it has %d segments", m.Ref.Name, m.Cluster.Spec.Segments.Count))
	return a.operate(ctx, target, o, dryRun, sentences{done: now, same: now})
}

// tellExpanded prints what there is now.
func (a *printer) tellExpanded(name string, options apply.ExpandOptions, answer apply.Expanded) error {
	if a.json() {
		return a.printJSON(answer)
	}
	lines := []string{fmt.Sprintf("%s has %d segments; all rows are redistributed", name, answer.Segments)}
	switch under := answer.Redistribution; {
	case under != nil:
		lines = []string{fmt.Sprintf("%s has %d segments; rows redistributed: %s", name, answer.Segments, under),
			"continue with: " + a.aimed(plan.Gpk("expand", "--resume"))}
	case answer.Changed == 0:
		lines = []string{fmt.Sprintf("nothing to do: %s has %d segments", name, answer.Segments)}
	case !options.Analyze:
		lines = append(lines, a.shown(engine.Next("the tables' statistics are out of date: run in each database ",
			plan.Gpk("psql", "-d", "DATABASE", "--", "-c", "analyze"))))
	}
	if _, err := fmt.Fprintln(a.out, strings.Join(lines, "\n")); err != nil {
		return err
	}
	return a.tellFile(answer.ClusterYAML)
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
			return time.Time{}, usage("--redistribute-until %s: that time has passed", text)
		default:
			return at, nil
		}
	}
	return time.Time{}, usage("--redistribute-until %s: give 15:04, \"2006-01-02 15:04\", or RFC 3339", text)
}
