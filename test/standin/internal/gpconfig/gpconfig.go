// Package gpconfig changes and shows server settings in the configuration files
// of every instance.
package gpconfig

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/pflag"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/fleet"
	"gpk/test/standin/internal/instance"
	"gpk/test/standin/internal/utility"
)

type options struct {
	change, remove, show string
	value, coordinator   string
	coordinatorOnly      bool
	skipValidation       bool
	file                 bool
}

func parseOptions(args []string) (options, error) {
	o := options{}
	flags := pflag.NewFlagSet("gpconfig", pflag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVarP(&o.change, "change", "c", "", "set a parameter")
	flags.StringVarP(&o.remove, "remove", "r", "", "take a parameter out of the files")
	flags.StringVarP(&o.show, "show", "s", "", "show a parameter")
	flags.StringVarP(&o.value, "value", "v", "", "the value")
	flags.StringVarP(&o.coordinator, "mastervalue", "m", "", "the coordinator's value")
	also := flags.String("coordinatorvalue", "", "the coordinator's value")
	flags.BoolVar(&o.coordinatorOnly, "coordinatoronly", false, "only the coordinator and its standby")
	old := flags.Bool("masteronly", false, "only the coordinator and its standby")
	flags.BoolVar(&o.skipValidation, "skipvalidation", false, "take any name and value")
	flags.BoolVarP(&o.file, "file", "f", false, "show what the files have")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.coordinatorOnly = o.coordinatorOnly || *old
	if *also != "" {
		o.coordinator = *also
	}
	if o.coordinator == "" {
		o.coordinator = o.value
	}
	switch {
	case o.change == "" && o.remove == "" && o.show == "":
		return o, errors.New("No action specified.  See the --help info.")
	case o.change != "" && !flags.Changed("value"):
		return o, errors.New("change requested but value not specified")
	}
	return o, nil
}

type run struct {
	*utility.Utility
	opt  options
	all  catalog.Segments
	conn *pgx.Conn
}

// Run is the utility. Its exit status is 0, or 1 when nothing could be done:
// files that could not be written are only logged.
func Run(ctx context.Context, env utility.Environment) int {
	opt, err := parseOptions(env.Args)
	if err != nil {
		env.Complain("Usage: gpconfig [options]\n\ngpconfig: error: %v\n", err)
		return 2
	}
	u, err := env.Start("", false)
	if err != nil {
		env.Complain("%v\n", err)
		return 2
	}
	r := &run{Utility: u, opt: opt}
	if err := r.run(ctx); err != nil {
		env.Complain("%v\n", err)
		return 1
	}
	return 0
}

func (r *run) run(ctx context.Context) (err error) {
	if r.conn, err = catalog.Local(ctx, utility.Port(), "postgres"); err == nil {
		defer func() { _ = r.conn.Close(context.WithoutCancel(ctx)) }()
		r.all, err = catalog.Read(ctx, utility.Port())
	}
	if err != nil {
		r.Log.Note(console.Error, "%v", err)
		return r.fatal(console.Error, "Failed to connect to database, exiting without action. This script can only be run when the database is up.")
	}
	if r.opt.show != "" {
		return r.show(ctx)
	}
	return r.write(ctx)
}

func (r *run) fatal(level, format string, args ...any) error {
	r.Log.Print(level, format, args...)
	return fmt.Errorf(format, args...)
}

// instances are those that an action is about.
func (r *run) instances() catalog.Segments {
	return slices.DeleteFunc(slices.Clone(r.all), func(s catalog.Segment) bool { return r.opt.coordinatorOnly && s.Content >= 0 })
}

func (r *run) write(ctx context.Context) error {
	name := strings.ToLower(r.opt.change + r.opt.remove)
	text, err := r.validate(ctx, name)
	if err != nil {
		return err
	}
	outcomes := fleet.Each(ctx, r.Shell, r.instances(), 64, func(s catalog.Segment) string {
		value := r.opt.value
		if s.Content < 0 {
			value = r.opt.coordinator
		}
		if text {
			value = "'" + strings.NewReplacer("'", "''", `\`, `\\`).Replace(value) + "'"
		}
		// The original's quotes do not keep the shell that it goes through from expanding what it finds.
		return instance.RewriteCommand(s.Dir, instance.Setting{Name: name, Value: os.ExpandEnv(value)}, r.opt.remove != "")
	})
	failed := false
	for _, s := range r.instances() {
		if err := outcomes[s.DBID].Err; err != nil {
			r.Log.Print(console.Error, "failed updating the postgresql.conf files on host: %s msg:%v", s.Hostname, err)
			failed = true
		}
	}
	if failed {
		r.Log.Print(console.Error, "finished with errors, parameter string '%s'", r.Line())
		return nil
	}
	r.Log.Info("completed successfully with parameters '%s'", r.Line())
	return nil
}

// validate tells whether a setting is text, which is quoted in the files.
// Greenplum's own settings are unknown to the server here and are taken as they
// are.
func (r *run) validate(ctx context.Context, name string) (text bool, err error) {
	if slices.Contains([]string{"port", "listen_addresses"}, name) {
		return false, r.fatal(console.Fatal, "The parameter '%s' is not modifiable with this tool", name)
	}
	var kind, context string
	if r.opt.skipValidation {
		return false, nil
	}
	err = r.conn.QueryRow(ctx, "select vartype, context from pg_settings where lower(name) = $1", name).Scan(&kind, &context)
	switch {
	case instance.GreenplumOnly(name):
		return kind == "string", nil
	case errors.Is(err, pgx.ErrNoRows):
		return false, r.fatal(console.Fatal, "not a valid GUC: %s", name)
	case err != nil:
		return false, err
	case context == "internal":
		return false, r.fatal(console.Fatal, "not a modifiable GUC: '%s'", name)
	}
	return kind == "string", nil
}
