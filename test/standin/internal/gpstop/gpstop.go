// Package gpstop stops a cluster: the coordinator, its standby, the primaries,
// then the mirrors.
package gpstop

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/instance"
	"gpk/test/standin/internal/utility"
)

type options struct {
	utility.Options
	mode            string
	coordinatorOnly bool
	noStandby       bool
	reload          bool
	restart         bool
	timeout         int
}

func parseOptions(env utility.Environment) (o options, err error) {
	flags := utility.NewFlags(env.Name, "logdir", "coordinator_data_directory")
	flags.Parallel(64)
	flags.StringVarP(&o.mode, "mode", "M", "smart", "smart, fast or immediate")
	fast := flags.BoolP("fast", "f", false, "fast")
	immediate := flags.BoolP("immediate", "i", false, "immediate")
	flags.BoolP("smart", "s", false, "smart")
	flags.BoolVarP(&o.coordinatorOnly, "coordinator_only", "m", false, "only the coordinator")
	also := flags.BoolP("coordinator_alone", "c", false, "only the coordinator")
	flags.BoolVarP(&o.noStandby, "no_standby", "y", false, "leave the standby")
	flags.BoolVarP(&o.reload, "reload", "u", false, "reload configuration files")
	flags.BoolVarP(&o.restart, "restart", "r", false, "start again")
	flags.IntVarP(&o.timeout, "timeout", "t", 120, "seconds to wait")
	if o.Options, err = flags.Read(env.Args); err != nil {
		return o, err
	}
	o.coordinatorOnly = o.coordinatorOnly || *also
	if *fast {
		o.mode = "fast"
	}
	if *immediate {
		o.mode = "immediate"
	}
	if o.mode != "smart" && o.mode != "fast" && o.mode != "immediate" {
		return o, fmt.Errorf("option -M: invalid choice: '%s' (choose from 'fast', 'immediate', 'smart')", o.mode)
	}
	return o, nil
}

type run struct {
	*utility.Utility
	opt options
	all catalog.Segments
}

// Starter is gpstart, which gpstop -r calls.
type Starter func(context.Context, utility.Environment) int

// Run is the utility, without -r. Its exit status is 0, 1 when a segment could
// not be stopped, 2 when nothing could be done.
func Run(ctx context.Context, env utility.Environment) int { return RunWith(ctx, env, nil) }

// RunWith is the utility, with gpstart for -r.
func RunWith(ctx context.Context, env utility.Environment, start Starter) int {
	opt, err := parseOptions(env)
	u, status := env.Begin(err, opt.LogDir, opt.Quiet)
	if u == nil {
		return status
	}
	u.Log.Info("Starting gpstop with args: %s", env.Line())
	r := &run{Utility: u, opt: opt}
	failed, err := r.stop(ctx)
	switch {
	case err != nil:
		u.Fail(err)
		return 2
	case failed:
		return 1
	case opt.restart && start != nil:
		u.Log.Info("Restarting System...")
		env.Name, env.Args = "gpstart", []string{"-a", "-d", r.opt.Dir}
		if opt.Quiet {
			env.Args = append(env.Args, "-q")
		}
		return start(ctx, env)
	}
	return 0
}

func (r *run) stop(ctx context.Context) (failed bool, err error) {
	r.Log.Info("Gathering information and validating the environment...")
	if r.opt.Dir, err = utility.CoordinatorDirectory(r.opt.Dir); err != nil {
		return false, err
	}
	port, err := instance.Port(r.opt.Dir)
	if err != nil {
		return false, err
	}
	if err := r.mustRun(port); err != nil {
		return false, err
	}
	r.Log.Info("Obtaining Greenplum Coordinator catalog information")
	r.Log.Info("Obtaining Segment details from coordinator...")
	if r.all, err = catalog.Read(ctx, port); err != nil {
		return false, err
	}
	r.Log.Info("Greenplum Version: '%s'", r.Release.Postgres())
	if r.opt.reload {
		return r.reload(ctx), nil
	}
	if !r.opt.Confirmed(r.Environment, "Continue with Greenplum instance shutdown") {
		return false, console.Says("User abort requested, Exiting...")
	}
	if err := r.stopCoordinator(ctx); err != nil {
		return false, err
	}
	if r.opt.coordinatorOnly {
		return false, nil
	}
	r.stopStandby(ctx)
	return r.stopSegments(ctx), nil
}

// mustRun finds the coordinator's process by its pid file. A pid file without a
// process is cleared away, with the socket's files.
func (r *run) mustRun(port int) error {
	pid, err := instance.Pid(r.opt.Dir)
	if errors.Is(err, os.ErrNotExist) {
		return errors.New("postmaster.pid file does not exist.  is Greenplum instance already stopped?")
	}
	if err != nil {
		return err
	}
	if instance.Alive(pid) {
		return nil
	}
	r.Log.Print(console.Warning, "Have a postmaster.pid file but no Coordinator segment process running")
	r.Log.Info("Clearing postmaster.pid file and /tmp lock files")
	for _, path := range []string{instance.SocketFile(port), instance.LockFile(port), r.opt.Dir + "/" + instance.PidFile} {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	r.Log.Info("Setting recovery parameters")
	r.Log.Info("Commencing forced shutdown")
	r.opt.mode = "fast"
	return nil
}

func (r *run) stopCoordinator(ctx context.Context) error {
	r.Log.Info("Commencing Coordinator instance shutdown with mode='%s'", r.opt.mode)
	r.Log.Info("Coordinator segment instance directory=%s", r.opt.Dir)
	if r.opt.mode == "smart" {
		r.Log.Info("Stopping coordinator segment and waiting for user connections to finish ...")
		r.Log.Raw("server shutting down\n")
	}
	start := time.Now()
	_, err := r.Shell.Local(ctx, r.Remote(instance.StopCommand(r.opt.Dir, r.opt.mode, r.opt.timeout)))
	if err != nil {
		return fmt.Errorf("the coordinator did not stop within %.0f s: %w", time.Since(start).Seconds(), err)
	}
	r.Log.Info("Attempting forceful termination of any leftover coordinator process")
	r.Log.Info("Terminating processes for segment %s", r.opt.Dir)
	return nil
}

func (r *run) stopStandby(ctx context.Context) {
	standby, ok := r.all.Standby()
	switch {
	case !ok:
		r.Log.Info("No standby coordinator host configured")
		return
	case r.opt.noStandby:
		r.Log.Info("Skipping shutdown of standby coordinator")
		return
	}
	r.Log.Info("Stopping coordinator standby host %s mode=%s", standby.Hostname, replicaMode(r.opt.mode))
	command := instance.StopCommand(standby.Dir, replicaMode(r.opt.mode), r.opt.timeout)
	if _, err := r.Shell.Remote(ctx, standby.Address, r.Remote(command)); err != nil {
		r.Log.Print(console.Warning, "Error occurred while stopping the standby coordinator: %v", err)
		return
	}
	r.Log.Info("Successfully shutdown standby process on %s", standby.Hostname)
}

// replicaMode is how replicas and segments are stopped: nobody's session is on
// them to be waited for.
func replicaMode(mode string) string {
	if mode == "smart" {
		return "fast"
	}
	return mode
}
