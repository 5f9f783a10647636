package gpstart

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/fleet"
	"gpk/test/standin/internal/instance"
	"gpk/test/standin/internal/shell"
)

// readCatalogue starts the coordinator alone, without a prober, to read the
// catalogue.
func (r *run) readCatalogue(ctx context.Context) error {
	r.Log.Info("Starting Coordinator instance in admin mode")
	r.Log.Info("%s", instance.Announcement(cmp.Or(r.era, "None"), r.opt.Dir, instance.Utility, true))
	if _, err := r.Shell.Local(ctx, r.Remote(instance.StartCommand(r.opt.Dir, r.port, instance.Utility))); err != nil {
		return console.Says("Failed to start Coordinator instance in admin mode: %w", err)
	}
	r.Log.Info("Obtaining Greenplum Coordinator catalog information")
	r.Log.Info("Obtaining Segment details from coordinator...")
	var err error
	if r.all, err = catalog.Read(ctx, r.port); err != nil {
		return err
	}
	r.Log.Info("Setting new coordinator era")
	r.era = newEra()
	return nil
}

func (r *run) stopAdmin(ctx context.Context) error {
	_, err := r.Shell.Local(ctx, r.Remote(instance.StopCommand(r.opt.Dir, "fast", r.opt.timeout)))
	return err
}

// checkHosts takes segments on unreachable hosts for down, and stops everything
// if the standby has become the coordinator.
func (r *run) checkHosts(ctx context.Context) error {
	bad := fleet.Unreachable(ctx, r.Shell, r.all.Data().Hosts(), r.opt.Width)
	for i, s := range r.all {
		if s.Content >= 0 && bad[s.Address] {
			r.Log.Print(console.Warning, "Host %s is unreachable. Marking segment with dbid %d down", s.Address, s.DBID)
			r.all[i].Status = catalog.Down
		}
	}
	standby, ok := r.all.Standby()
	if !ok || r.opt.skipStandbyCheck {
		return nil
	}
	mine, err := r.Shell.Local(ctx, r.Remote(timelineCommand(r.opt.Dir)))
	if err != nil {
		return err
	}
	other, err := r.Shell.Remote(ctx, standby.Address, r.Remote(timelineCommand(standby.Dir)))
	if err != nil {
		return r.standbyUnknown(ctx, err)
	}
	if timeline(mine) < timeline(other) {
		if err := r.stopAdmin(ctx); err != nil {
			return err
		}
		r.Log.Info("Coordinator Stopped...")
		return console.Says("Standby activated, this node no more can act as coordinator.")
	}
	return nil
}

func (r *run) standbyUnknown(ctx context.Context, cause error) error {
	r.Log.Print(console.Warning, "Standby host is unreachable, cannot determine whether the standby is currently acting as "+
		"the coordinator. Received error: %v", cause)
	r.Log.Print(console.Warning, "Continue only if you are certain that the standby is not acting as the coordinator.")
	if !r.opt.Yes {
		r.Say("\nContinue with startup Yy|Nn (default=N):\n> ")
		var answer string
		if _, err := fmt.Fscanln(os.Stdin, &answer); err == nil && strings.ToLower(answer) == "y" {
			r.opt.noStandby = true
			return nil
		}
	} else {
		r.Log.Print(console.Warning, "Non interactive mode detected. Not starting the cluster. "+
			"Start the cluster in interactive mode.")
	}
	if err := r.stopAdmin(ctx); err != nil {
		return err
	}
	return errAborted
}

func timelineCommand(dir string) string {
	return fmt.Sprintf("pg_controldata %s | grep 'Latest checkpoint.s TimeLineID' | awk '{print $NF}'", shell.Quote(dir))
}

func timeline(out string) int {
	n, _ := strconv.Atoi(strings.TrimSpace(out))
	return n
}

func (r *run) startCoordinator(ctx context.Context) error {
	c, ok := r.all.Coordinator()
	if !ok {
		return errors.New("the catalogue has no coordinator")
	}
	r.Log.Info("Starting Coordinator instance %s directory %s ", c.Hostname, r.opt.Dir)
	r.Log.Info("%s", instance.Announcement(r.era, r.opt.Dir, instance.Dispatch, true))
	if _, err := r.Shell.Local(ctx, r.Remote(instance.StartCommand(r.opt.Dir, r.port, instance.Dispatch))); err != nil {
		return console.Says("Coordinator instance did not start: %w", err)
	}
	if err := os.WriteFile(filepath.Join(r.opt.Dir, instance.EraFile), []byte(r.era+"\n"), 0o600); err != nil {
		return err
	}
	r.Log.Info("Command pg_ctl reports Coordinator %s instance active", c.Hostname)
	r.Log.Info("Connecting to db template1 on host localhost")
	conn, err := catalog.Local(ctx, r.port, "template1")
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

func (r *run) startStandby(ctx context.Context) {
	standby, ok := r.all.Standby()
	switch {
	case !ok:
		r.Log.Info("No standby coordinator configured.  skipping...")
		return
	case r.opt.noStandby:
		r.Log.Info("Skipping starting of standby coordinator")
		return
	}
	r.Log.Info("Starting standby coordinator")
	r.Log.Info("Checking if standby coordinator is running on host: %s  in directory: %s", standby.Hostname, standby.Dir)
	r.Log.Info("%s", instance.Announcement(r.era, standby.Dir, instance.Dispatch, false))
	start := instance.StartCommand(standby.Dir, standby.Port, instance.Dispatch)
	if _, err := r.Shell.Remote(ctx, standby.Address, r.Remote(start)); err != nil {
		r.Log.Print(console.Warning, "Could not start standby coordinator: %v", err)
	}
}
