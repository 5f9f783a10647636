package gpexpand

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/fleet"
	"gpk/test/standin/internal/gprecoverseg"
	"gpk/test/standin/internal/instance"
	"gpk/test/standin/internal/shell"
)

// addSegments makes the new segments and enters them. Their rows come later.
func (r *run) addSegments(ctx context.Context) error {
	if err := r.builder().CompareChecksums(ctx, r.all.Data()); err != nil {
		return err
	}
	r.Log.Info("Heap checksum setting consistent across cluster")
	added, err := r.readInput(r.opt.input)
	if err != nil {
		return err
	}
	r.syncPackages(ctx, added)
	input, err := filepath.Abs(r.opt.input)
	if err != nil {
		return err
	}
	r.setUp = true
	if err := errors.Join(r.reach(uninitialized), r.state.reached(prepareStarted, input)); err != nil {
		return err
	}
	lock, err := r.lockCatalogue(ctx)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := r.buildSegments(ctx, added); err != nil {
		return err
	}
	if err := r.enter(ctx, added); err != nil {
		return err
	}
	r.Log.Info("Unlocking catalog")
	if _, err := lock.Exec(ctx, "commit"); err != nil {
		return err
	}
	r.Log.Info("Unlocked catalog")
	return r.finishSetup(ctx)
}

// reach notes steps, of which there is nothing more to be known.
func (r *run) reach(steps ...string) error {
	for _, step := range steps {
		if err := r.state.reached(step, ""); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) syncPackages(ctx context.Context, added catalog.Segments) {
	r.Log.Info("Syncing Greenplum Database extensions")
	for _, host := range added.Hosts() {
		if _, err := r.Shell.Remote(ctx, host, "ls "+shell.Quote(r.Home)); err != nil {
			r.Log.Print(console.Warning, "Syncing of Greenplum Database extensions has failed.")
			return
		}
		r.Log.Info("The packages on %s are consistent.", host)
	}
}

// lockCatalogue keeps others from changing what tables there are: all that
// makes, alters or drops a distributed table writes there.
func (r *run) lockCatalogue(ctx context.Context) (*catalog.Store, error) {
	r.Log.Info("Locking catalog")
	store, err := catalog.Open(ctx, r.port)
	if err != nil {
		return nil, err
	}
	for _, statement := range []string{"begin", "lock table standin.distributed in share row exclusive mode"} {
		if _, err := store.Exec(ctx, statement); err != nil {
			store.Close()
			return nil, err
		}
	}
	r.Log.Info("Locked catalog")
	return store, nil
}

// buildSegments makes the new primaries, of the files of one that is there.
func (r *run) buildSegments(ctx context.Context, added catalog.Segments) error {
	hosts, err := r.hostsOf(ctx, added)
	if err != nil {
		return err
	}
	temporary := filepath.Join(r.dir, "gpexpand_template")
	if err := r.state.reached(templateStarted, temporary); err != nil {
		return err
	}
	if err := r.makeTemplate(ctx, temporary); err != nil {
		return err
	}
	tar := filepath.Join(r.opt.tarDir, templateFile)
	if err := errors.Join(r.reach(templateDone), r.state.reached(segmentsStarted, tar)); err != nil {
		return err
	}
	if err := r.distribute(ctx, hosts); err != nil {
		return err
	}
	primaries := added.InRole(catalog.Primary)
	if err := r.configure(ctx, added, primaries, tar); err != nil {
		return err
	}
	r.Log.Info("Cleaning up temporary template files")
	if err := r.removeTemplate(ctx, temporary, added.Hosts(), tar); err != nil {
		return err
	}
	r.Log.Info("Cleaning up databases in new segments.")
	if err := r.startAll(ctx, primaries, ""); err != nil {
		return err
	}
	return r.state.reached(segmentsDone, fmt.Sprint(len(added)))
}

// enter writes the new segments into the catalogue, the mirrors as down: there
// is no way back after that.
func (r *run) enter(ctx context.Context, added catalog.Segments) error {
	backup := filepath.Join(r.dir, "gpexpand.gp_segment_configuration")
	if err := r.state.reached(catalogueBegun, backup); err != nil {
		return err
	}
	store, err := catalog.Open(ctx, r.port)
	if err != nil {
		return err
	}
	defer store.Close()
	for i, s := range added {
		if s.Role == catalog.Mirror {
			added[i].Status = catalog.Down
		}
	}
	if err := store.AddAll(ctx, added); err != nil {
		return err
	}
	r.changed = true
	return r.reach(catalogueDone)
}

// finishSetup makes the schema and the mirrors. It is done again when it has
// failed: the segments stay.
func (r *run) finishSetup(ctx context.Context) error {
	if !r.changed {
		r.Log.Print(console.Warning, "The last gpexpand setup did not complete successfully.")
		r.Log.Print(console.Warning, "But you can not rollback to the original state, for new segments have been online.")
		r.Log.Print(console.Warning, "So retry the failing work again in gpexpand setup.")
		r.changed = true
		if err := r.exec(ctx, "drop schema if exists gpexpand cascade"); err != nil {
			return err
		}
	}
	if err := r.makeSchema(ctx); err != nil {
		return err
	}
	if r.all.HasMirrors() {
		r.Log.Info("Starting new mirror segment synchronization")
		env := r.Environment
		env.Name, env.Args, env.Stdout = "gprecoverseg", []string{"-a", "-F", "-d", r.dir}, io.Discard
		if status := gprecoverseg.Run(ctx, env); status != 0 {
			return fmt.Errorf("gprecoverseg -a -F ended with status %d", status)
		}
	}
	stars := strings.Repeat("*", 48)
	for _, line := range []string{
		stars, "Initialization of the system expansion complete.", "To begin table expansion onto the new segments", "rerun gpexpand", stars,
	} {
		r.Log.Info("%s", line)
	}
	return nil
}

// undo takes away what a setup has made, the last first.
func (r *run) undo(ctx context.Context) error {
	if r.state.has(segmentsStarted) {
		r.Log.Info("Rolling back building of new segments")
		added, err := r.readInput(r.state.about[prepareStarted])
		if err != nil {
			return err
		}
		outcomes := fleet.Each(ctx, r.Shell, added, r.opt.width, func(s catalog.Segment) string {
			return r.Remote(instance.EndCommand(s.Dir) + "; rm -rf " + shell.Quote(s.Dir) + " " + shell.Quote(r.state.about[segmentsStarted]))
		})
		for _, s := range added {
			if err := outcomes[s.DBID].Err; err != nil {
				return fmt.Errorf("remove %s: %w", s, err)
			}
		}
	}
	if r.state.has(templateStarted) {
		r.Log.Info("Rolling back segment template build")
		if err := r.removeTemplate(ctx, r.state.about[templateStarted], nil, ""); err != nil {
			return err
		}
	}
	return r.state.forget()
}
