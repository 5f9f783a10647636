package gpinitsystem

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/instance"
)

func (r *run) buildPrimaries(ctx context.Context) error {
	locales, err := catalog.Locales(ctx, r.in.coordinator.Port)
	if err != nil {
		return err
	}
	build := func(ctx context.Context, p catalog.Segment) error { return r.buildPrimary(ctx, p, locales) }
	if failed := r.parallel(ctx, "primary segment", r.in.primaries, build); len(failed) > 0 {
		r.Log.Print(console.Fatal, "Errors generated from parallel processes")
		r.Log.Info("Dumped contents of status file to the log file")
		return console.Says("Failures detected, see log file %s for more detail", r.Log.Path())
	}
	r.Log.Info("Removing back out file")
	if err := os.Remove(r.backout); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	r.Log.Info("No errors generated from parallel processes")
	return nil
}

// buildPrimary makes a primary's directory, one command after another on its
// host. It is started later, with all the others.
func (r *run) buildPrimary(ctx context.Context, p catalog.Segment, locales []string) error {
	host := p.Address
	settings := r.settings(p)
	commands := make([]string, 0, len(settings)+8)
	commands = append(commands, r.Remote(r.initdb(p, 3*r.in.maxConnect, locales)), commonLines(p.Dir))
	for _, s := range settings {
		commands = append(commands, instance.SetCommand(p.Dir, s))
	}
	mirror := ""
	if m, ok := r.in.mirrors.Find(p.Content, catalog.Mirror); ok {
		mirror = m.Address
	}
	hba := quoted(filepath.Join(p.Dir, instance.HBAFile))
	for _, line := range instance.PrimaryHBA(r.User, r.inHBA(r.in.coordinator.Address), r.inHBA(r.opt.standby), r.inHBA(host), r.inHBA(mirror)) {
		commands = append(commands, "echo "+line+" >> "+hba)
	}
	for _, c := range commands {
		if _, err := r.Shell.Remote(ctx, host, c); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) buildMirrors(ctx context.Context) error {
	if err := r.registerMirrors(ctx); err != nil {
		return err
	}
	if failed := r.parallel(ctx, "mirror segment", r.in.mirrors, r.buildMirror); len(failed) > 0 {
		return console.Says("Failures detected, see log file %s for more detail", r.Log.Path())
	}
	return r.waitInSync(ctx)
}

func (r *run) registerMirrors(ctx context.Context) error {
	store, err := catalog.Open(ctx, r.in.coordinator.Port)
	if err != nil {
		return err
	}
	defer store.Close()
	for i := range r.in.mirrors {
		if r.in.mirrors[i].DBID, err = store.AddNext(ctx, r.in.mirrors[i]); err != nil {
			return fmt.Errorf("failed to register mirror for contentid=%d: %w", r.in.mirrors[i].Content, err)
		}
	}
	return nil
}

func (r *run) buildMirror(ctx context.Context, m catalog.Segment) error {
	p, ok := r.in.primaries.Find(m.Content, catalog.Primary)
	if !ok {
		return fmt.Errorf("no primary of content %d", m.Content)
	}
	r.Log.Note(console.Info, "Running pg_basebackup to init mirror on %s using primary on %s ...", m.Address, p.Address)
	hba := strings.Join(instance.ReplicationHBA(r.User, r.inHBA(p.Address), r.inHBA(m.Address)), "\n") + "\n"
	for _, step := range []struct{ host, command string }{
		{p.Address, r.Remote(fmt.Sprintf("printf '%%s' %s >> %s && %s", quoted(hba),
			quoted(filepath.Join(p.Dir, instance.HBAFile)), instance.ReloadCommand(p.Dir)))},
		{m.Address, r.Remote(fmt.Sprintf("rm -rf %s; %s", quoted(m.Dir), instance.BackupCommand(m.Dir, r.User, p.Address, p.Port)))},
		{m.Address, r.Remote(instance.StartCommand(m.Dir, m.Port, instance.Execute))},
		{m.Address, instance.SetCommand(m.Dir, setting{Name: "port", Value: fmt.Sprint(m.Port)})},
		{m.Address, instance.SetCommand(m.Dir, setting{Name: "gp_dbid", Value: fmt.Sprint(m.DBID)})},
	} {
		if _, err := r.Shell.Remote(ctx, step.host, step.command); err != nil {
			return err
		}
	}
	return nil
}

// waitInSync asks the prober until every pair is in sync.
func (r *run) waitInSync(ctx context.Context) error {
	store, err := catalog.Open(ctx, r.in.coordinator.Port)
	if err != nil {
		return err
	}
	defer store.Close()
	for range 60 {
		all, err := store.Segments(ctx)
		if err != nil {
			return err
		}
		bad := func(s catalog.Segment) bool { return s.Mode == catalog.NotSync || s.Status == catalog.Down }
		if !slices.ContainsFunc(all.Data(), bad) {
			return nil
		}
		if _, err := store.Exec(ctx, "select gp_request_fts_probe_scan()"); err != nil {
			return err
		}
		time.Sleep(50 * time.Millisecond) // what starting psql takes
	}
	r.Log.Print(console.Warn, "Failed to start Greenplum instance; please review gpinitsystem log to determine failure.")
	return console.Says("Some primary/mirror segment pairs were found to be not in sync")
}

// builder makes one segment.
type builder func(context.Context, catalog.Segment) error

// parallel builds segments in batches, and gives those that failed.
func (r *run) parallel(ctx context.Context, kind string, segments catalog.Segments, build builder) catalog.Segments {
	segments = slices.Clone(segments)
	slices.SortStableFunc(segments, func(a, b catalog.Segment) int { return a.Content - b.Content })
	r.Log.Info("Commencing parallel build of %s instances", kind)
	errs := make([]error, len(segments))
	batch := 0
	for first := 0; first < len(segments); first += r.opt.batch {
		batch++
		part := segments[first:min(first+r.opt.batch, len(segments))]
		r.Log.Info("Spawning parallel processes    batch [%d], please wait...", batch)
		r.Log.Raw(strings.Repeat(".", len(part)) + "\n")
		r.Log.Info("Waiting for parallel processes batch [%d], please wait...", batch)
		var wait sync.WaitGroup
		for i, s := range part {
			wait.Go(func() { errs[first+i] = build(ctx, s) })
		}
		r.dotsUntil(&wait)
	}
	var failed catalog.Segments
	for i, err := range errs {
		if err != nil {
			failed = append(failed, segments[i])
			r.Log.Note(console.Fatal, "FAILED:%s: %v", segments[i], err)
		}
	}
	r.Log.Rule(47)
	r.Log.Info("Parallel process exit status")
	r.Log.Rule(47)
	r.Log.Info("Total processes marked as completed           = %d", len(segments)-len(failed))
	r.Log.Info("Total processes marked as killed              = 0")
	level := console.Info
	if len(failed) > 0 {
		level = console.Warn
	}
	r.Log.Print(level, "Total processes marked as failed              = %d", len(failed))
	r.Log.Rule(47)
	return failed
}

// dotsUntil prints a dot a second until the work is done.
func (r *run) dotsUntil(wait *sync.WaitGroup) {
	done := make(chan struct{})
	go func() { wait.Wait(); close(done) }()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		r.Log.Raw(".")
		select {
		case <-done:
			r.Log.Raw("\n")
			return
		case <-tick.C:
		}
	}
}
