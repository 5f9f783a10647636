// Package gpstart starts a cluster: the coordinator alone to read the catalogue,
// then all segments at once, the coordinator for everybody, and the standby.
package gpstart

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/instance"
	"gpk/test/standin/internal/utility"
)

type options struct {
	utility.Options
	coordinatorOnly  bool
	noStandby        bool
	skipStandbyCheck bool
	restricted       bool
	timeout          int
}

func parseOptions(env utility.Environment) (o options, err error) {
	flags := utility.NewFlags(env.Name, "logdir", "coordinator_data_directory")
	flags.Parallel(64)
	flags.BoolVarP(&o.coordinatorOnly, "coordinator_only", "m", false, "only the coordinator")
	also := flags.BoolP("coordinator_alone", "c", false, "only the coordinator")
	flags.BoolVarP(&o.noStandby, "no_standby", "y", false, "leave the standby")
	flags.BoolVarP(&o.skipStandbyCheck, "skip_standby_check", "S", false, "do not ask whether the standby was activated")
	flags.BoolVarP(&o.restricted, "restricted", "R", false, "also amid the setup of an expansion; the stand-in lets everybody in")
	flags.Bool("skip-heap-checksum-validation", false, "nothing to the stand-in")
	flags.IntVarP(&o.timeout, "timeout", "t", 600, "seconds to wait")
	o.Options, err = flags.Read(env.Args)
	o.coordinatorOnly = o.coordinatorOnly || *also
	return o, err
}

// errAborted is what nobody could be asked about.
var errAborted = console.Says("User abort requested, Exiting...")

type run struct {
	*utility.Utility
	opt  options
	port int
	era  string
	all  catalog.Segments
}

// Run is the utility. Its exit status is 0, 1 when a segment did not start, 2
// when the cluster did not, 4 when it would have had to ask.
func Run(ctx context.Context, env utility.Environment) int {
	opt, err := parseOptions(env)
	u, status := env.Begin(err, opt.LogDir, opt.Quiet)
	if u == nil {
		return status
	}
	u.Log.Info("Starting gpstart with args: %s", env.Line())
	r := &run{Utility: u, opt: opt}
	failed, err := r.start(ctx)
	switch {
	case errors.Is(err, errAborted):
		u.Log.Info("%v", err)
		return 4
	case err != nil:
		u.Fail(err)
		return 2
	case failed:
		return 1
	}
	return 0
}

func (r *run) start(ctx context.Context) (failed bool, err error) {
	if err := r.prepare(ctx); err != nil {
		return false, err
	}
	if err := r.readCatalogue(ctx); err != nil {
		return false, err
	}
	r.Log.Info("Coordinator Started...")
	if r.opt.coordinatorOnly {
		return false, nil
	}
	if err := r.checkHosts(ctx); err != nil {
		return false, err
	}
	r.Log.Info("Shutting down coordinator")
	if err := r.stopAdmin(ctx); err != nil {
		return false, err
	}
	if _, err := os.Stat(filepath.Join(r.opt.Dir, "gpexpand.status")); err == nil && !r.opt.restricted {
		return false, console.Says("Found a System Expansion Setup in progress. Please run 'gpexpand --rollback'")
	}
	result, err := r.startSegments(ctx)
	if err != nil {
		return false, err
	}
	if err := r.startCoordinator(ctx); err != nil {
		return false, err
	}
	r.startStandby(ctx)
	if result.failed > 0 || result.skipped > 0 {
		if result.skipped > 0 {
			r.Log.Print(console.Warning, "Number of segments not attempted to start: %d", result.skipped)
		}
		if result.failed > 0 {
			r.Log.Print(console.Warning, "Number of segments which failed to start:  %d", result.failed)
		}
		r.Log.Info("Check status of database with gpstate utility")
		return result.failed > 0, nil
	}
	r.Log.Info("Database successfully started")
	return false, nil
}

func (r *run) prepare(ctx context.Context) (err error) {
	r.Log.Info("Gathering information and validating the environment...")
	if r.opt.Dir, err = utility.CoordinatorDirectory(r.opt.Dir); err != nil {
		return err
	}
	if r.port, err = instance.Port(r.opt.Dir); err != nil {
		return err
	}
	r.Log.Info("Greenplum Binary Version: '%s'", r.Release.Postgres())
	r.Log.Info("Greenplum Catalog Version: '%s'", r.Release.Catalogue)
	if made, err := os.ReadFile(filepath.Join(r.opt.Dir, instance.CatalogueFile)); err == nil {
		if dir := strings.TrimSpace(string(made)); dir != r.Release.Catalogue {
			r.Log.Info("COORDINATOR_DIRECTORY Catalog Version: '%s'", dir)
			r.Log.Info("Catalog Version of coordinator directory incompatible with binaries")
			return console.Says("Catalog Versions are incompatible")
		}
	}
	if _, err := instance.Pid(r.opt.Dir); errors.Is(err, os.ErrNotExist) {
		return r.clearLocks()
	}
	r.Log.Print(console.Warning, "postmaster.pid file exists on Coordinator, checking if recovery startup required")
	return r.recover(ctx)
}

// recover refuses a coordinator that runs, clears away what a dead one left, and has the coordinator recover by itself once.
func (r *run) recover(ctx context.Context) error {
	r.Log.Info("Commencing recovery startup checks")
	_, err := os.Stat(instance.SocketFile(r.port))
	socket, active := err == nil, instance.PortActive(r.port)
	switch {
	case socket && active:
		r.Log.Info("Have lock file %s and a process running on port %d", instance.SocketFile(r.port), r.port)
		return console.Says("Coordinator instance process running")
	case active:
		r.Log.Info("No lock file %s but a process running on port %d", instance.SocketFile(r.port), r.port)
		return console.Says("Port %d is already in use", r.port)
	case socket:
		r.Log.Info("Have lock file %s but no process running on port %d", instance.SocketFile(r.port), r.port)
	default:
		r.Log.Info("No socket connection or lock file in /tmp found for port=%d", r.port)
	}
	r.Log.Info("No Coordinator instance process, entering recovery startup mode")
	if err := r.clearLocks(); err != nil {
		return err
	}
	r.Log.Info("Clearing Coordinator instance pid file")
	if err := removed(filepath.Join(r.opt.Dir, instance.PidFile)); err != nil {
		return err
	}
	if err := r.readCatalogue(ctx); err != nil {
		return err
	}
	r.Log.Info("Commencing forced instance shutdown")
	return r.stopAdmin(ctx)
}

// clearLocks removes a dead coordinator's socket and its lock.
func (r *run) clearLocks() error {
	if _, err := os.Stat(instance.SocketFile(r.port)); err == nil {
		r.Log.Info("Clearing Coordinator instance lock files")
	}
	return errors.Join(removed(instance.SocketFile(r.port)), removed(instance.LockFile(r.port)))
}

// removed removes a file that may not be there.
func removed(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func newEra() string {
	var id [8]byte
	_, _ = rand.Read(id[:])
	return hex.EncodeToString(id[:]) + "_" + time.Now().Format("060102150405")
}
