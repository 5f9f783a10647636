package gprecoverseg

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/fleet"
	"gpk/test/standin/internal/instance"
)

// promotionTimeout is how long mirrors may take to become primaries.
const promotionTimeout = 10 * time.Minute

// rebalance stops the primaries that are to be mirrors, lets the prober promote
// their peers, and recovers what was stopped.
func (r *run) rebalance(ctx context.Context) error {
	var unbalanced catalog.Segments
	for _, s := range r.all.Data() {
		if s.Role != s.PreferredRole {
			unbalanced = append(unbalanced, s)
		}
	}
	if len(unbalanced) == 0 {
		r.Log.Info("No segments are running in their non-preferred role and need to be rebalanced.")
		return nil
	}
	r.displayUnbalanced(unbalanced)
	if !r.opt.Yes {
		r.Log.Print(console.Warning, "This operation will cancel queries that are currently executing.")
		r.Log.Print(console.Warning, "Connections to the database however will not be interrupted.")
		if !r.opt.Confirmed(r.Environment, "Continue with segment rebalance procedure") {
			return errAborted
		}
	}
	full, err := r.switchRoles(ctx, unbalanced.InRole(catalog.Primary))
	if err != nil {
		return err
	}
	stars := strings.Repeat("*", 66)
	r.Log.Info("%s", stars)
	if full {
		r.Log.Info("The rebalance operation has completed successfully.")
	} else {
		r.Log.Info("The rebalance operation has completed with WARNINGS. Please review the output in the gprecoverseg log.")
	}
	r.Log.Info("%s", stars)
	return nil
}

// switchRoles tells whether all primaries that were to be stopped were.
func (r *run) switchRoles(ctx context.Context, primaries catalog.Segments) (bool, error) {
	r.Log.Info("Determining primary and mirror segment pairs to rebalance")
	var able catalog.Segments
	for _, p := range primaries {
		m, _ := r.all.Peer(p)
		if p.Status == catalog.Up && m.Status == catalog.Up && p.Mode == catalog.InSync && !r.alone[p.Address] && !r.alone[m.Address] {
			able = append(able, p)
			continue
		}
		r.Log.Print(console.Warning, "Not rebalancing primary segment dbid %d with its mirror dbid %d because one is either down, "+
			"unreachable, or not synchronized", p.DBID, m.DBID)
	}
	if len(able) == 0 {
		r.Log.Info("No segments to rebalance")
		return true, nil
	}
	r.Log.Info("Stopping unbalanced primary segments...")
	outcomes := fleet.Each(ctx, r.Shell, able, r.opt.Width, func(s catalog.Segment) string {
		return r.Remote(instance.StopCommand(s.Dir, "fast", 600))
	})
	r.Log.Raw(".\n")
	var stopped catalog.Segments
	for _, s := range able {
		if outcomes[s.DBID].Err == nil {
			stopped = append(stopped, s)
		}
	}
	failed := len(able) - len(stopped)
	if failed > 0 {
		r.Log.Print(console.Warning, "%d segments failed to stop.  A full rebalance of the", failed)
		r.Log.Print(console.Warning, "system is not possible at this time.  Please check the")
		r.Log.Print(console.Warning, "log files, correct the problem, and run gprecoverseg -r")
		r.Log.Print(console.Warning, "again.")
		r.Log.Info("gprecoverseg will continue with a partial rebalance.")
	}
	r.Log.Info("Triggering segment reconfiguration")
	if err := r.awaitPromotion(ctx, stopped); err != nil {
		return false, err
	}
	return failed == 0, r.recoverAgain(ctx)
}

// awaitPromotion probes until the catalogue has others in the places of
// primaries that were stopped.
func (r *run) awaitPromotion(ctx context.Context, stopped catalog.Segments) error {
	store, err := catalog.Open(ctx, r.port)
	if err != nil {
		return err
	}
	defer store.Close()
	for deadline := time.Now().Add(promotionTimeout); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if _, err := store.Exec(ctx, "select gp_request_fts_probe_scan()"); err != nil {
			return err
		}
		all, err := store.Segments(ctx)
		if err != nil {
			return err
		}
		waiting := 0
		for _, s := range stopped {
			if p, ok := all.Find(s.Content, catalog.Primary); ok && p.DBID == s.DBID {
				waiting++
			}
		}
		if waiting == 0 {
			return nil
		}
	}
	return errors.New("mirror promotion did not complete in 600 seconds")
}

func (r *run) recoverAgain(ctx context.Context) error {
	r.Log.Info("Starting segment synchronization")
	r.Log.Info("=============================START ANOTHER RECOVER=========================================")
	again := &run{Utility: r.Utility, opt: options{Options: r.opt.Options}}
	again.opt.Yes = true
	if err := again.recover(ctx); err != nil {
		r.Log.Print(console.Error, "Failed to start the synchronization step of the segment rebalance.")
		r.Log.Print(console.Error, "Check the gprecoverseg log file, correct any problems, and re-run")
		r.Log.Print(console.Error, "gprecoverseg -a -B %d -b 64", r.opt.Width)
		return fmt.Errorf("error synchronizing: %w", err)
	}
	r.Log.Info("==============================END ANOTHER RECOVER==========================================")
	return nil
}
