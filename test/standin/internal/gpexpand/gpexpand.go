// Package gpexpand adds segments to a cluster and then moves rows of the tables
// that there were onto them.
package gpexpand

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/instance"
	"gpk/test/standin/internal/mirroring"
	"gpk/test/standin/internal/utility"
)

type run struct {
	*utility.Utility
	opt     options
	dir     string // the coordinator's
	port    int
	all     catalog.Segments
	state   state // of a setup that has not ended
	setUp   bool  // a setup was begun by this call
	changed bool  // the catalogue has the new segments
	signal  os.Signal
	stdin   *bufio.Reader
}

// answer reads a line of standard input. Nobody there gives none.
func (r *run) answer() string {
	line, _ := r.stdin.ReadString('\n')
	return strings.TrimSpace(line)
}

// errEnded ends the utility without another word, with an exit status.
type errEnded int

func (e errEnded) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// Run is the utility. Its exit status is 0 when rows were moved, or were not; 1
// for what it refuses at once, 3 for all that goes wrong.
func Run(ctx context.Context, env utility.Environment) int {
	opt, err := parseOptions(env)
	if err != nil {
		return env.Misused(err)
	}
	u, err := env.Start("", false)
	if err != nil {
		env.Complain("%v\n", err)
		return 1
	}
	r := &run{Utility: u, opt: opt, stdin: bufio.NewReader(os.Stdin)}
	if err := r.validate(); err != nil {
		u.Log.Print(console.Error, "%v", err)
		return 1
	}
	unlock, err := r.lock()
	if err != nil {
		return 1
	}
	defer unlock()
	ctx, stop := r.heed(ctx)
	defer stop()
	err = r.expand(ctx)
	var ended errEnded
	switch {
	case errors.As(err, &ended):
		return int(ended)
	case r.signal != nil:
		r.shutDown()
		return 128 + int(r.signal.(syscall.Signal))
	case err != nil:
		r.fail(err)
		return 3
	}
	r.Log.Info("Exiting...")
	return 0
}

// heed lets a signal end the work.
func (r *run) heed(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT)
	go func() {
		select {
		case r.signal = <-signals:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, func() { signal.Stop(signals); cancel() }
}

// lock keeps a second one from running, by a pid file.
func (r *run) lock() (unlock func(), err error) {
	path := filepath.Join(r.dir, "gpexpand.pid")
	if data, err := os.ReadFile(path); err == nil {
		if pid, err := strconv.Atoi(strings.TrimSpace(string(data))); err == nil && instance.Alive(pid) {
			r.Log.Print(console.Error, "gpexpand is already running.  Only one instance")
			r.Log.Print(console.Error, "of gpexpand is allowed at a time.")
			return nil, errEnded(1)
		}
	}
	if err := os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
		r.Log.Print(console.Error, "%v", err)
		return nil, err
	}
	return func() { _ = os.Remove(path) }, nil
}

// fail tells what has gone wrong, and what can be done about it.
func (r *run) fail(err error) {
	r.Log.Print(console.Error, "gpexpand failed: %v \n\nExiting...", err)
	if r.changed {
		r.Log.Print(console.Error, "gpexpand is past the point of rollback. Any remaining issues must be addressed outside of gpexpand.")
	} else if r.setUp {
		r.Log.Print(console.Error, "Please run 'gpexpand -r' to rollback to the original state.")
	}
	r.shutDown()
}

func (r *run) shutDown() {
	r.Log.Info("Shutting down gpexpand...")
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_ = r.note(ctx, "EXPANSION STOPPED") // there may be no schema
}

func (r *run) expand(ctx context.Context) (err error) {
	r.Log.Info("local Greenplum Version: '%s'", r.Release.Postgres())
	r.Log.Info("coordinator Greenplum Version: '%s", r.Release.Coordinator())
	if r.port, err = instance.Port(r.dir); err != nil {
		return err
	}
	if r.state, err = readState(r.dir); err != nil {
		return err
	}
	phase := ""
	if !r.state.begun() {
		r.Log.Info("Querying gpexpand schema for current expansion state")
		if phase, err = r.phase(ctx); err != nil {
			return fmt.Errorf("Error while trying to query the gpexpand schema: %w", err) //nolint:staticcheck // the original's words
		}
	}
	if r.all, err = catalog.Read(ctx, r.port); err != nil {
		r.Log.Print(console.Error, "Failed to connect to database.  Make sure the")
		r.Log.Print(console.Error, "Greenplum instance you wish to expand is running")
		r.Log.Print(console.Error, "and that your environment is correct, then rerun")
		r.Log.Print(console.Error, "gexpand %s", r.Line())
		return errEnded(1)
	}
	switch {
	case r.opt.clean && phase != "":
		return r.clean(ctx, phase)
	case r.opt.rollback:
		return r.rollBack(ctx, phase)
	case phase == "" && !r.state.begun() && !balanced(r.all):
		r.Log.Print(console.Warning, "One or more segments are either down or not in preferred role.")
	}
	return r.proceed(ctx, phase)
}

// proceed does what is next, whatever was asked for.
func (r *run) proceed(ctx context.Context, phase string) error {
	switch {
	case phase == phaseComplete:
		r.Log.Info("Expansion has already completed.")
		r.Log.Info("If you want to expand again, run gpexpand -c to remove")
		r.Log.Info("the gpexpand schema and begin a new expansion")
		return nil
	case phase != "":
		if phase == phaseStarted {
			r.Log.Info("It appears the last run of gpexpand did not exit cleanly.")
			r.Log.Info("Resuming the expansion process...")
		}
		return r.redistribute(ctx)
	case !r.state.begun() && r.opt.input != "":
		return r.addSegments(ctx)
	case r.state.begun() && r.state.online():
		return r.finishSetup(ctx)
	case !r.state.begun():
		return r.interview()
	default:
		r.Log.Print(console.Error, "The last gpexpand setup did not complete successfully.")
		r.Log.Print(console.Error, "Please run gpexpand -r to rollback to the original state.")
		return nil
	}
}

func balanced(all catalog.Segments) bool {
	for _, s := range all {
		if s.Status != catalog.Up || s.Role != s.PreferredRole {
			return false
		}
	}
	return true
}

// interview would ask for new hosts. The stand-in has no answers: whoever gives
// none gets what the original says then.
func (r *run) interview() error {
	r.Say(`
System Expansion is used to add segments to an existing GPDB array.
gpexpand did not detect a System Expansion that is in progress.

Before initiating a System Expansion, you need to provision and burn-in
the new hardware.  Please be sure to run gpcheckperf to make sure the
new hardware is working properly.

Please refer to the Admin Guide for more information.

Would you like to initiate a new System Expansion Yy|Nn (default=N):
> `)
	answer := r.answer()
	if answer == "" {
		return console.Says("EOF when reading a line")
	}
	if strings.ToLower(answer) == "y" {
		return console.Says("the stand-in asks for no hosts: give a file with -i")
	}
	r.Log.Info("User Aborted. Exiting...")
	return errEnded(0)
}

// rollBack undoes a setup that has not reached the catalogue.
func (r *run) rollBack(ctx context.Context, phase string) error {
	switch {
	case phase != "":
		r.Log.Print(console.Error, "A previous expansion is either in progress or has")
		r.Log.Print(console.Error, "completed.  Since the setup portion of the expansion")
		r.Log.Print(console.Error, "has finished successfully there is nothing to rollback.")
		return errEnded(1)
	case !r.state.begun():
		r.Log.Print(console.Error, "There is no partially completed setup to rollback.")
		return errEnded(1)
	case r.state.online():
		r.Log.Print(console.Error, "Catalog has been changed, the cluster can not rollback.")
		return errEnded(1)
	}
	if err := r.undo(ctx); err != nil {
		return err
	}
	r.Log.Info("Rollback complete.")
	return errEnded(0)
}

func (r *run) builder() mirroring.Builder {
	return mirroring.Builder{Utility: r.Utility, Dir: r.dir, Port: r.port, Width: r.opt.width, Verb: "add"}
}
