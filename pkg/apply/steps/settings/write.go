package settings

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// fileTime is longer than a second, which is how exact a file's time is. A server that reads a file within the second of its last change
// looks as if it had read the earlier one.
const fileTime = 1100 * time.Millisecond

// write writes a change with gpconfig, one setting after the other: two calls at once may each lose what the other one writes.
func (s *Settings) write(ctx context.Context, acting database.Acting, change plan.Written, progress func(string)) error {
	faults, err := s.misconfigured(ctx, acting, change.Settings)
	if err != nil {
		return err
	}
	hidden, err := s.hidden(ctx, acting, change.Names())
	if err != nil {
		return err
	}
	gpconfig := func(name string, utility segments.Utility) error {
		return s.db.Run(ctx, acting.Pod, "gpconfig-"+name, utility, progress)
	}
	if mem := bounded(change.Settings, faults); mem >= 0 {
		faults[mem] = topology.StatementMem + " must follow " + topology.MostStatement
		if err := gpconfig(topology.StatementMem, segments.GpconfigRemove(topology.StatementMem, false)); err != nil {
			return err
		}
	}
	for i, setting := range change.Settings {
		if faults[i] == "" {
			continue
		}
		progress(fmt.Sprintf("%s = %s on the coordinator, %s on the segments", setting.Name, setting.Coordinator, setting.Segment))
		if err := gpconfig(setting.Name, segments.Gpconfig(setting, hidden.Has(strings.ToLower(setting.Name)))); err != nil {
			return err
		}
	}
	for _, name := range change.Removed {
		progress("removing " + name + " from the files")
		if err := gpconfig(name, segments.GpconfigRemove(name, hidden.Has(strings.ToLower(name)))); err != nil {
			return err
		}
	}
	return engine.Sleep(ctx, fileTime)
}

// bounded is the place of statement_mem if max_statement_mem is wrong, else -1. gpconfig appends, and the server reads a file from the
// top: statement_mem must be written after its bound, so it is removed first. A server starts without it, and the next gpk sees that
// it is missing.
func bounded(settings []segments.RoleSetting, faults []string) int {
	place := func(name string) int {
		return slices.IndexFunc(settings, func(s segments.RoleSetting) bool { return s.Name == name })
	}
	if most := place(topology.MostStatement); most < 0 || faults[most] == "" {
		return -1
	}
	return place(topology.StatementMem)
}

// resetAltered undoes ALTER SYSTEM where it keeps an instance from a change.
func (s *Settings) resetAltered(ctx context.Context, acting database.Acting, change plan.Written, progress func(string)) error {
	altered, err := s.altered(ctx, acting, change)
	if err != nil {
		return err
	}
	return engine.Each(ctx, altered, func(ctx context.Context, _ int, a alteration) error {
		progress(fmt.Sprintf("undoing ALTER SYSTEM on %s: %s", a, strings.Join(a.names, ", ")))
		_, err := s.remote.Run(ctx, a.row.Pod(), segments.SegmentPsql(a.row.Port, segments.UnalterSQL(engine.Lower(a.names))))
		return err
	})
}

// follow has the instances follow their files by a restart or a reload.
func (s *Settings) follow(ctx context.Context, acting database.Acting, needed string, progress func(string)) error {
	switch needed {
	case segments.NeedsRestart:
		return s.db.Run(ctx, acting.Pod, database.RestartJob, segments.Gprestart(), progress)
	case segments.NeedsReload:
		return s.db.Run(ctx, acting.Pod, "gpstop-reload", segments.Gpreload(), progress)
	}
	return nil
}
