package gpinitsystem

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/gpinitstandby"
	"gpk/test/standin/internal/gpstart"
	"gpk/test/standin/internal/gpstop"
	"gpk/test/standin/internal/shell"
	"gpk/test/standin/internal/utility"
)

// run is one call of the utility.
type run struct {
	*utility.Utility
	opt     options
	in      input
	add     []setting
	backout string // the file of commands that would undo what was done
}

// Run is the utility. Its exit status is 0, with warnings too, or 1.
func Run(ctx context.Context, env utility.Environment) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	opt, err := parseOptions(env.Args)
	if err != nil {
		return misused(env, opt, err)
	}
	if opt.logDir != "" {
		if info, err := os.Stat(opt.logDir); err != nil || !info.IsDir() {
			env.Say("[FATAL]:-Log directory %s does not exist! Script Exiting!\n", opt.logDir)
			return 1
		}
	}
	u, err := env.Start(opt.logDir, opt.quiet)
	if err != nil {
		env.Complain("%v\n", err)
		return 1
	}
	if opt.version {
		env.Say("gpinitsystem %s\n", u.Release.Build())
		return 0
	}
	r := &run{Utility: u, opt: opt}
	r.backout = filepath.Join(u.Log.Dir(), fmt.Sprintf("backout_gpinitsystem_%s_%s", env.User, time.Now().Format("20060102_150405")))
	u.Log.Note(console.Info, "Start Main")
	u.Log.Note(console.Info, "Command line options passed to utility = %s", env.Line())
	if err := r.steps(ctx); err != nil {
		if ctx.Err() != nil {
			err = console.Says("Received INT or TERM signal")
		}
		u.Log.Print(console.Fatal, "%v Script Exiting!", err)
		return 1
	}
	u.Log.Note(console.Info, "End Main")
	return 0
}

func (r *run) steps(ctx context.Context) error {
	if r.opt.additions != "" {
		if err := r.readAdditions(); err != nil {
			return console.Says("Issue with postgres additions file %s", r.opt.additions)
		}
	}
	if err := r.checkParameters(ctx); err != nil {
		return err
	}
	if err := r.checkHosts(ctx); err != nil {
		return err
	}
	if err := r.confirm(); err != nil {
		return err
	}
	if err := r.buildCoordinator(ctx); err != nil {
		return err
	}
	if err := r.buildPrimaries(ctx); err != nil {
		return err
	}
	if err := r.restart(ctx); err != nil {
		return err
	}
	if err := r.afterStart(ctx); err != nil {
		return err
	}
	if len(r.in.mirrors) > 0 {
		if err := r.buildMirrors(ctx); err != nil {
			return err
		}
	}
	standby := 0
	if r.opt.standby != "" {
		standby = r.buildStandby(ctx)
	}
	r.scanLog()
	r.farewell(standby)
	return ctx.Err()
}

// confirm asks, unless -a was given.
func (r *run) confirm() error {
	if r.opt.assumeYes {
		return nil
	}
	r.Say("\nContinue with Greenplum creation Yy|Nn (default=N):\n> ")
	var answer string
	if _, err := fmt.Fscanln(os.Stdin, &answer); err != nil && !errors.Is(err, io.EOF) && answer == "" {
		answer = "n"
	}
	if strings.ToLower(answer) != "y" {
		return console.Says("User abort requested,")
	}
	return nil
}

// restart stops the coordinator and starts the whole in production mode, by the
// utilities for it.
func (r *run) restart(ctx context.Context) error {
	dir := r.in.coordinator.Dir
	r.Log.Info("Restarting the Greenplum instance in production mode")
	env := r.child("gpstop", "-a", "-l", r.Log.Dir(), "-m", "-d", dir)
	if status := gpstop.Run(ctx, env); status != 0 {
		return console.Says("Error from Greenplum instance shutdown, check log files")
	}
	env = r.child("gpstart", "-a", "-l", r.Log.Dir(), "-d", dir)
	if status := gpstart.Run(ctx, env); status != 0 {
		r.Log.Print(console.Warn, "Failed to start Greenplum instance; review gpstart output to")
		r.Log.Print(console.Warn, " determine why gpstart failed and reinitialize cluster after resolving")
		gpstop.Run(ctx, r.child("gpstop", "-a", "-l", r.Log.Dir(), "-M", "immediate", "-d", dir))
		return errors.New("starting new instance failed;")
	}
	r.Log.Info("Completed restart of Greenplum instance in production mode")
	return nil
}

func (r *run) child(name string, args ...string) utility.Environment {
	env := r.Environment
	env.Name, env.Args = name, args
	if r.opt.quiet {
		env.Args = append(env.Args, "-q")
	}
	return env
}

// afterStart makes the database asked for and sets the superuser's password.
func (r *run) afterStart(ctx context.Context) error {
	port := r.in.coordinator.Port
	if r.in.database != "" {
		if err := execute(ctx, port, "create database "+pgx.Identifier{r.in.database}.Sanitize()); err != nil {
			return fmt.Errorf("create database %s: %w", r.in.database, err)
		}
	}
	password := "'" + strings.ReplaceAll(r.opt.password, "'", "''") + "'"
	if err := execute(ctx, port, "alter user "+pgx.Identifier{r.User}.Sanitize()+" password "+password); err != nil {
		return fmt.Errorf("update the superuser's password: %w", err)
	}
	return nil
}

// execute runs one statement in database postgres of the coordinator. A new
// database is a copy of template1, where no session may be meanwhile.
func execute(ctx context.Context, port int, statement string) error {
	conn, err := catalog.Local(ctx, port, "postgres")
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, statement)
	return err
}

func (r *run) buildStandby(ctx context.Context) int {
	r.Log.Info("Starting initialization of standby coordinator %s", r.opt.standby)
	if r.Release.NoStandby {
		r.Log.Print(console.Warn, "Failed to complete standby coordinator initialization")
		return 2
	}
	args := []string{"-s", r.opt.standby}
	if r.opt.standbyPort != "" {
		args = append(args, "-P", r.opt.standbyPort)
	}
	if r.opt.standbyDir != "" {
		args = append(args, "-S", r.opt.standbyDir)
	}
	if r.in.hbaHostnames {
		args = append(args, "--hba-hostnames")
	}
	status := gpinitstandby.RunIn(ctx, r.child("gpinitstandby", append(args, "-a")...), r.in.coordinator.Dir)
	if status == 0 {
		r.Log.Info("Successfully completed standby coordinator initialization")
	} else {
		r.Log.Print(console.Warn, "Failed to complete standby coordinator initialization")
	}
	return status
}

var suspicious = regexp.MustCompile(`(?i)\[WARN\]|\b(invalid|fatal|error)\b|warning:`)

// scanLog looks through today's log file for warnings, those of earlier runs of
// the day among them.
func (r *run) scanLog() {
	r.Log.Info("Scanning utility log file for any warning messages")
	data, _ := os.ReadFile(r.Log.Path())
	runs, found := 0, false
	for _, line := range strings.Split(string(data), "\n") {
		if strings.Contains(line, "[INFO]:-Start Main") {
			runs++
		}
		harmless := strings.Contains(line, "[INFO]") || strings.Contains(line, "[DEBUG]") ||
			strings.Contains(line, `enabling "trust" authentication`)
		found = found || !harmless && suspicious.MatchString(line)
	}
	if !found {
		r.Log.Info("Log file scan check passed")
		return
	}
	const stars = "*******************************************************"
	r.Log.Print(console.Warn, stars)
	r.Log.Print(console.Warn, "Scan of log file indicates that some warnings or errors")
	r.Log.Print(console.Warn, "were generated during the array creation")
	r.Log.Info("Please review contents of log file")
	r.Log.Info("%s", r.Log.Path())
	r.Log.Info("To determine level of criticality")
	if runs > 1 {
		r.Log.Info("These messages could be from a previous run of the utility")
		r.Log.Info("that was called today!")
	}
	r.Log.Print(console.Warn, stars)
}

// backoutCommand puts a command before those that are in the backout file
// already: what was done last is undone first.
func (r *run) backoutCommand(command string) {
	data, _ := os.ReadFile(r.backout)
	//nolint:gosec // the log directory is the user's own
	if err := os.WriteFile(r.backout, append([]byte(command+"\n"), data...), 0o644); err != nil {
		r.Log.Note(console.Warn, "backout file: %v", err)
	}
}

func quoted(path string) string { return shell.Quote(path) }
