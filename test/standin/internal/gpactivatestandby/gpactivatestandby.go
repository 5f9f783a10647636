// Package gpactivatestandby makes the coordinator of its standby.
package gpactivatestandby

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/gpstart"
	"gpk/test/standin/internal/gpstop"
	"gpk/test/standin/internal/instance"
	"gpk/test/standin/internal/shell"
	"gpk/test/standin/internal/utility"
)

type run struct {
	*utility.Utility
	opt   utility.Options
	force bool
	port  int // as the environment says, not the directory
}

// Run is the utility. Its exit status is 0, or 2 when nothing was activated.
func Run(ctx context.Context, env utility.Environment) int {
	flags := utility.NewFlags(env.Name, "logfile", "coordinator-data-directory")
	force := flags.BoolP("force", "f", false, "activate a standby that does not run")
	opt, err := flags.Read(env.Args)
	u, status := env.Begin(err, opt.LogDir, opt.Quiet)
	if u == nil {
		return status
	}
	r := &run{Utility: u, opt: opt, force: *force, port: utility.Port()}
	if r.opt.Dir == "" {
		u.Log.Info("Option -d or --master-data-directory or --coordinator-data-directory not set. " +
			"Checking environment variable COORDINATOR_DATA_DIRECTORY")
		if r.opt.Dir, err = utility.CoordinatorDirectory(""); err != nil {
			u.Log.Print(console.Critical, "Both -d parameter and COORDINATOR_DATA_DIRECTORY environment variable are not set.")
			u.Log.Print(console.Critical, "Required option coordinator data directory is missing.")
			return 2
		}
	}
	if err := r.activate(ctx, env); err != nil {
		u.Log.Print(console.Critical, "Error activating standby coordinator: %v", err)
		return 2
	}
	return 0
}

func (r *run) activate(ctx context.Context, env utility.Environment) error {
	running := r.summary(ctx)
	if err := r.oldCoordinatorIsGone(ctx); err != nil {
		return err
	}
	if !running && !r.force {
		r.Log.Print(console.Warning, "If you wish to continue you must use the -f option to force")
		r.Log.Print(console.Warning, "the activation process.")
		return console.Says("Force activation required")
	}
	if !r.opt.Confirmed(r.Environment, "Do you want to continue with standby coordinator activation?") {
		return console.Says("User canceled")
	}
	if r.running(ctx, "", "") {
		r.Log.Info("found standby postmaster process")
		if err := r.promote(ctx); err != nil {
			return err
		}
	} else if err := r.startAlone(ctx); err != nil {
		return err
	}
	r.Log.Info("Reading current configuration...")
	r.Log.Print(console.Debug, "Connecting to db template1 on host localhost")
	all, err := r.takeOver(ctx)
	if err != nil {
		return err
	}
	if !running {
		if err := r.restart(ctx, env); err != nil {
			return err
		}
	}
	c, ok := all.Coordinator()
	if !ok {
		return errors.New("the catalogue has no coordinator")
	}
	r.farewell(c.Port)
	return nil
}

// summary tells what is to be activated, and whether it runs.
func (r *run) summary(ctx context.Context) bool {
	running := r.running(ctx, "START_CMD_OUTPUT\n", "echo 'START_CMD_OUTPUT';")
	yes := map[bool]string{true: "yes", false: "no"}
	r.Log.Rule(53)
	r.Log.Info("Standby data directory    = %s", r.opt.Dir)
	r.Log.Info("Standby port              = %d", r.port)
	if r.opt.LogDir != "" {
		r.Log.Info("Log directory             = %s", r.opt.LogDir)
	}
	r.Log.Info("Standby running           = %s", yes[running])
	r.Log.Info("Force standby activation  = %s", yes[r.force])
	r.Log.Rule(53)
	return running
}

func processCommand(dir string) string {
	return fmt.Sprintf("ps -ef | grep 'postgres -D %s' | grep -v grep", dir)
}

// running looks for the standby's process, and shows how, as the original does
// with a word before what ps says.
func (r *run) running(ctx context.Context, word, before string) bool {
	r.Log.Print(console.Debug, "Running Command: %s%s", before, processCommand(r.opt.Dir))
	if _, err := r.Shell.Local(ctx, processCommand(r.opt.Dir)); err == nil {
		return true
	}
	r.Log.Print(console.Debug, "cmd had rc=1 completed=True halted=False\n  stdout='%s'\n  stderr=''", word)
	return false
}

// oldCoordinatorIsGone refuses while the socket's lock is on the host that the
// standby follows, whoever left it there. A host that does not answer has none.
func (r *run) oldCoordinatorIsGone(ctx context.Context) error {
	signal := filepath.Join(r.opt.Dir, instance.StandbySignal)
	if _, err := os.Stat(signal); err != nil {
		r.Log.Print(console.Warning, "Please make sure the command gpactivatestandby is executed on current Standby host")
		return console.Says("Critical required file on standby \"%s\" is not present.", signal)
	}
	host, port, err := instance.Upstream(r.opt.Dir)
	if err != nil {
		return err
	}
	lock := instance.LockFile(port)
	r.Log.Print(console.Debug, "Running Command: cat %s", lock)
	if _, err := r.Shell.Remote(ctx, host, "cat "+lock); err != nil {
		return nil //nolint:nilerr // no lock, or nobody to ask
	}
	r.Log.Print(console.Warning, "Appears that there is an active postgres process on ''%s'' port=%d", host, port)
	r.Log.Print(console.Warning, "Need to stop current coordinator before activating the standby.")
	r.Log.Print(console.Warning, "Rare possibility is just %[1]s and %[1]s.* files exist on ''%[2]s''.", instance.SocketFile(port), host)
	r.Log.Print(console.Warning, "Need to delete these files")
	r.Log.Print(console.Warning, "Then call this utility again.")
	return console.Says("Active postgres process on coordinator")
}

func (r *run) promote(ctx context.Context) error {
	r.Log.Info("Promoting standby...")
	r.Log.Print(console.Debug, "Running Command: pg_ctl promote -D %s -t 600", r.opt.Dir)
	command := fmt.Sprintf("pg_ctl promote -D %s -t 600", shell.Quote(r.opt.Dir))
	if _, err := r.Shell.Local(ctx, r.Remote(command)); err != nil {
		return err
	}
	r.Log.Info("Standby coordinator is promoted")
	r.Log.Print(console.Debug, "forcing CHECKPOINT to reflect new TimeLineID...")
	return r.awaitCoordinator(ctx)
}

// awaitCoordinator waits until what was the standby lets others in, and has it
// write the new timeline down.
func (r *run) awaitCoordinator(ctx context.Context) error {
	for deadline := time.Now().Add(10 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		err := r.checkpoint(ctx)
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return console.Says("Timed out waiting for promoted coordinator to accept database connections.: %w", err)
		}
	}
}

func (r *run) checkpoint(ctx context.Context) error {
	store, err := catalog.Open(ctx, r.port)
	if err != nil {
		return err
	}
	defer store.Close()
	_, err = store.Exec(ctx, "checkpoint")
	return err
}

// startAlone starts a standby that did not run for nobody but itself, and lets
// it promote itself by a file that is there already.
func (r *run) startAlone(ctx context.Context) error {
	trigger, err := os.CreateTemp(r.opt.Dir, "promote-")
	if err != nil {
		return err
	}
	if err := trigger.Close(); err != nil {
		return err
	}
	setting := instance.Setting{Name: "promote_trigger_file", Value: "'" + trigger.Name() + "'"}
	r.Log.Print(console.Debug, `Running Command: $GPHOME/sbin/gpconfig_helper.py --file %s --add-parameter %s --value ''"'"'%s'"'"''`,
		filepath.Join(r.opt.Dir, instance.ConfFile), setting.Name, trigger.Name())
	if _, err := r.Shell.Local(ctx, instance.RewriteCommand(r.opt.Dir, setting, false)); err != nil {
		return err
	}
	r.Log.Info("Starting standby coordinator database in utility mode...")
	r.Log.Print(console.Debug, "Running Command: $GPHOME/bin/gpstart -a -c -v -d %s", r.opt.Dir)
	if _, err := r.Shell.Local(ctx, r.Remote(instance.StartCommand(r.opt.Dir, r.port, instance.Utility))); err != nil {
		return fmt.Errorf("the standby did not start: %w", err)
	}
	return r.awaitCoordinator(ctx)
}

// takeOver makes the catalogue's standby its coordinator, unless the prober has
// already.
func (r *run) takeOver(ctx context.Context) (catalog.Segments, error) {
	text, _ := instance.Read(r.opt.Dir, "gp_dbid")
	dbid, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		return nil, fmt.Errorf("no gp_dbid in %s: %w", r.opt.Dir, err)
	}
	store, err := catalog.Open(ctx, r.port)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	if err := store.Activate(ctx, dbid); err != nil {
		return nil, err
	}
	return store.Segments(ctx)
}

// restart is for the whole cluster, so that the new coordinator serves everybody.
func (r *run) restart(ctx context.Context, env utility.Environment) error {
	r.Log.Print(console.Debug, "Running Command: $GPHOME/bin/gpstop -a -r -d %s -v", r.opt.Dir)
	env.Name, env.Args = "gpstop", []string{"-a", "-q", "-r", "-d", r.opt.Dir}
	if status := gpstop.RunWith(ctx, env, gpstart.Run); status != 0 {
		return fmt.Errorf("gpstop -ar ended with status %d", status)
	}
	return nil
}

func (r *run) farewell(port int) {
	host, _ := os.Hostname()
	host, _, _ = strings.Cut(host, ".")
	r.Log.Rule(53)
	for _, line := range []string{
		"The activation of the standby coordinator has completed successfully.",
		host + " is now the new primary coordinator.",
		"You will need to update your user access mechanism to reflect",
		"the change of coordinator hostname.",
		"Do not re-start the failed coordinator while the fail-over coordinator is",
		"operational, this could result in database corruption!",
		"COORDINATOR_DATA_DIRECTORY is now " + r.opt.Dir + " if",
		"this has changed as a result of the standby coordinator activation, remember",
		"to change this in any startup scripts etc, that may be configured",
		"to set this value.",
		fmt.Sprintf("COORDINATOR_PORT is now %d, if this has changed, you", port),
		"may need to make additional configuration changes to allow access",
		"to the Greenplum instance.",
		"Refer to the Administrator Guide for instructions on how to re-activate",
		"the coordinator to its previous state once it becomes available.",
		"Query planner statistics must be updated on all databases",
		"following standby coordinator activation.",
		"When convenient, run ANALYZE against all user databases.",
	} {
		r.Log.Info("%s", line)
	}
	r.Log.Rule(53)
}
