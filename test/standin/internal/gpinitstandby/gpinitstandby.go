// Package gpinitstandby makes, removes and starts the coordinator's standby.
package gpinitstandby

import (
	"context"
	"errors"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/instance"
	"gpk/test/standin/internal/utility"
)

type options struct {
	utility.Options
	host      string
	port      int
	dir       string // of the standby
	remove    bool
	startOnly bool
}

func parseOptions(env utility.Environment) (o options, err error) {
	flags := utility.NewFlags(env.Name, "logfile", "")
	flags.StringVarP(&o.host, "standby-host", "s", "", "host of the standby")
	flags.IntVarP(&o.port, "standby-port", "P", 0, "port of the standby")
	flags.StringVarP(&o.dir, "standby-datadir", "S", "", "directory of the standby")
	flags.BoolVarP(&o.remove, "remove", "r", false, "remove the standby")
	flags.BoolVarP(&o.startOnly, "no-update", "n", false, "start a standby that is stopped")
	flags.BoolP("debug", "D", false, "log more")
	flags.Bool("hba-hostnames", false, "host names in pg_hba.conf: the stand-in writes no others")
	flags.StringP("mode", "M", "smart", "of Greenplum 6, nothing to do for 7")
	o.Options, err = flags.Read(env.Args)
	return o, err
}

type run struct {
	*utility.Utility
	opt  options
	dir  string // the acting coordinator's
	port int
	all  catalog.Segments
}

// Run is the utility, for the coordinator of the environment. Its exit status
// is 0 or 2.
func Run(ctx context.Context, env utility.Environment) int {
	dir, err := utility.CoordinatorDirectory("")
	if err != nil {
		dir = ""
	}
	return RunIn(ctx, env, dir)
}

// RunIn is the utility for the coordinator in a directory.
func RunIn(ctx context.Context, env utility.Environment, dir string) int {
	opt, err := parseOptions(env)
	u, status := env.Begin(err, opt.LogDir, opt.Quiet)
	if u == nil {
		return status
	}
	r := &run{Utility: u, opt: opt, dir: dir, port: utility.Port()}
	if err := r.possible(ctx); err != nil {
		u.Log.Print(console.Error, "%v", err)
		return 2
	}
	if dir != "" {
		if port, err := instance.Port(dir); err == nil {
			r.port = port
		}
	}
	if err := r.act(ctx); err != nil {
		doing := "initializing"
		if opt.remove {
			doing = "removing"
		}
		u.Log.Print(console.Error, "Error %s standby coordinator: %v", doing, err)
		return 2
	}
	return 0
}

// possible refuses options that make no sense together, and a host that does not answer.
func (r *run) possible(ctx context.Context) error {
	switch {
	case r.opt.host != "" && r.opt.remove:
		return console.Says("Options -s and -r cannot be specified together.")
	case r.opt.host == "" && !r.opt.remove && !r.opt.startOnly:
		return console.Says("No action provided in the options.")
	}
	if r.opt.host != "" && r.Shell.Ping(ctx, r.opt.host) != nil {
		return console.Says("Unable to ping new standby host %s", r.opt.host)
	}
	return nil
}

func (r *run) act(ctx context.Context) error {
	all, err := catalog.Read(ctx, r.port)
	if err != nil {
		r.Log.Print(console.Error, "Failed to retrieve configuration information from the coordinator.")
		if !r.opt.remove && !r.opt.startOnly {
			r.Log.Print(console.Error, "Failed to create standby")
		}
		return err
	}
	r.all = all
	switch {
	case r.opt.remove:
		return r.remove(ctx)
	case r.opt.startOnly:
		return r.startOnly(ctx)
	default:
		return r.create(ctx)
	}
}

func (r *run) remove(ctx context.Context) error {
	standby, ok := r.all.Standby()
	if !ok {
		r.Log.Print(console.Error, "Request made to remove warm coordinator standby, but no standby located.")
		return errors.New("no standby configured")
	}
	r.summary(standby)
	r.Log.Info("Removing standby coordinator from catalog...")
	if err := r.change(ctx, func(s *catalog.Store) error { return s.Remove(ctx, standby.DBID) }); err != nil {
		r.Log.Print(console.Error, "Failed to remove standby coordinator from catalog.")
		return err
	}
	r.Log.Info("Database catalog updated successfully.")
	r.Log.Info("Stopping standby coordinator on %s", standby.Hostname)
	if _, err := r.Shell.Remote(ctx, standby.Address, r.Remote(instance.StopCommand(standby.Dir, "fast", 120))); err != nil {
		r.Log.Print(console.Warning, "Failed to stop standby coordinator: %v", err)
	}
	r.dropSlot(ctx)
	r.Log.Info("Removing data directory on standby coordinator...")
	if _, err := r.Shell.Remote(ctx, standby.Address, "rm -rf "+quoted(standby.Dir)); err != nil {
		r.Log.Print(console.Error, "Failed to remove data directory on standby coordinator.")
		return err
	}
	r.Log.Info("Successfully removed standby coordinator")
	return nil
}

func (r *run) startOnly(ctx context.Context) error {
	standby, ok := r.all.Standby()
	if !ok {
		r.Log.Print(console.Error, "Cannot use -n option when standby coordinator has not yet been configured")
		return console.Says("Standby coordinator not configured")
	}
	var connected bool
	err := r.change(ctx, func(s *catalog.Store) error {
		return s.QueryRow(ctx, "select exists (select from pg_stat_replication where application_name = $1)",
			instance.WalReceiver).Scan(&connected)
	})
	if err != nil {
		return err
	}
	if connected {
		r.Log.Info("Standy coordinator is already up and running.")
		return nil
	}
	if err := r.startStandby(ctx, standby); err != nil {
		return err
	}
	r.Log.Info("Successfully started standby coordinator")
	return nil
}

// change does something to the catalogue over a connection of its own.
func (r *run) change(ctx context.Context, do func(*catalog.Store) error) error {
	s, err := catalog.Open(ctx, r.port)
	if err != nil {
		return err
	}
	defer s.Close()
	return do(s)
}

// dropSlot removes what an earlier standby left, so that it keeps no WAL and
// the name is free.
func (r *run) dropSlot(ctx context.Context) {
	err := r.change(ctx, func(s *catalog.Store) error {
		_, err := s.Exec(ctx, `select pg_terminate_backend(active_pid, 2000) from pg_replication_slots
			where slot_name = $1 and active`, instance.Slot)
		if err != nil {
			return err
		}
		_, err = s.Exec(ctx, `select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1`, instance.Slot)
		return err
	})
	if err != nil {
		r.Log.Note(console.Warning, "drop replication slot: %v", err)
	}
}
