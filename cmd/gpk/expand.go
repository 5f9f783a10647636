package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"gpk/pkg/apply"
	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
)

type expandFlags struct {
	apply.ExpandOptions
	resume, rollback bool
	until            string
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
	flags.Int32Var(&f.Segments, "segments", 0, "number of all segments afterwards")
	flags.BoolVar(&f.resume, "resume", false, "continue an unfinished expansion")
	flags.BoolVar(&f.rollback, "rollback", false, "undo an expansion that has not changed the catalogue yet")
	flags.BoolVar(&f.None, "no-redistribute", false, "leave the rows where they are; --resume moves them later")
	flags.DurationVar(&f.Bounds.Limit, "redistribute-for", 0, "move rows for at most this long, such as 2h; --resume continues")
	flags.StringVar(&f.until, "redistribute-until", "", "move rows until this time: 15:04, \"2006-01-02 15:04\", or RFC 3339")
	flags.IntVar(&f.Bounds.Parallel, "parallel", 1, "number of tables to move at a time, 1 to 96")
	flags.BoolVar(&f.Analyze, "analyze", false, "gather the statistics of all tables after all rows are moved")
	capacityFlag(cmd, &f.SkipCapacity)
	excludes(cmd, "rollback", "segments", "resume", "no-redistribute", "redistribute-for", "redistribute-until", "parallel", "analyze",
		"skip-capacity")
	excludes(cmd, "resume", "segments")
	excludes(cmd, "no-redistribute", "redistribute-for", "redistribute-until", "parallel", "analyze")
	excludes(cmd, "redistribute-for", "redistribute-until")
	cmd.PreRunE = func(*cobra.Command, []string) error { return f.check(time.Now()) }
	a.changes(cmd, func(ctx context.Context, on subject) error {
		switch {
		case f.rollback:
			o, err := apply.ExpandBack(on.made)
			now := fmt.Sprintf("the expansion of %s is undone: it has %d segments", on.made.Ref.Name, on.made.Cluster.Spec.Segments.Count)
			return a.operate(ctx, on, o, err, sentences{done: now, same: now})
		case on.dryRun:
			return a.preview(apply.PreviewExpand(ctx, on.target, on.made, f.ExpandOptions))
		}
		answer, err := observed(a, func(tell apply.Observers) (apply.Expanded, error) {
			return apply.Expand(ctx, on.target, on.made, f.ExpandOptions, tell)
		})
		if err != nil {
			return err
		}
		return a.print(answer, a.expandedText(on.made.Ref.Name, f.Analyze, answer))
	})
	return cmd
}

// check refuses flags that gpk cannot work with. A time to end is the next one after now.
func (f *expandFlags) check(now time.Time) (err error) {
	asked := 0
	for _, given := range []bool{f.Segments != 0, f.resume, f.rollback} {
		if given {
			asked++
		}
	}
	switch {
	case asked != 1:
		return usage("give one of --segments N, --resume and --rollback")
	case f.Segments < 0:
		return usage("--segments %d: give the number of all segments afterwards", f.Segments)
	case f.Bounds.Parallel < 1 || f.Bounds.Parallel > 96:
		return usage("--parallel %d: give a number from 1 to 96", f.Bounds.Parallel)
	case f.Bounds.Limit < 0:
		return usage("--redistribute-for %s: give a duration such as 90m", f.Bounds.Limit)
	}
	f.Bounds.Until, err = parseUntil(f.until, now)
	return err
}

func (a *printer) expandedText(name string, analyzed bool, answer apply.Expanded) string {
	text := fmt.Sprintf("%s has %d segments; all rows are redistributed", name, answer.Segments)
	switch under := answer.Redistribution; {
	case under != nil:
		text = fmt.Sprintf("%s has %d segments; rows redistributed: %s\ncontinue with: %s", name, answer.Segments, under,
			a.aimed(plan.Gpk("expand", "--resume")))
	case answer.Changed == 0:
		text = fmt.Sprintf("nothing to do: %s has %d segments", name, answer.Segments)
	case !analyzed:
		text += a.shown(engine.Next("\nthe tables' statistics are out of date: run in each database ",
			plan.Gpk("psql", "-d", "DATABASE", "--", "-c", "analyze")))
	}
	return text + "\n" + fileChanges(answer.ClusterYAML)
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
		if at, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			if !at.After(now) {
				return time.Time{}, usage("--redistribute-until %s: that time has passed", text)
			}
			return at, nil
		}
	}
	return time.Time{}, usage("--redistribute-until %s: give 15:04, \"2006-01-02 15:04\", or RFC 3339", text)
}
