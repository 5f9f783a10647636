// Package gpstate reports on a running cluster.
package gpstate

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/instance"
	"gpk/test/standin/internal/utility"
)

type options struct {
	utility.Options
	report string // the letter of the report
}

func parseOptions(env utility.Environment) (options, error) {
	o := options{report: "b"}
	flags := utility.NewFlags(env.Name, "logdir", "coordinator_data_directory")
	flags.Parallel(16)
	letters := []string{"b", "e", "f", "m", "s", "Q"}
	chosen := map[string]*bool{}
	for _, letter := range letters {
		chosen[letter] = flags.BoolP("report-"+letter, letter, false, "report")
	}
	var err error
	if o.Options, err = flags.Read(env.Args); err != nil {
		return o, err
	}
	count := 0
	for _, letter := range letters {
		if *chosen[letter] {
			o.report = letter
			count++
		}
	}
	if count > 1 {
		return o, errors.New("only one report can be shown at a time")
	}
	return o, nil
}

type run struct {
	*utility.Utility
	opt   options
	port  int
	all   catalog.Segments
	state map[int]segmentState
	pairs map[int]replication // by content
}

// Run is the utility. Its exit status is 0, 1 when something is not as it
// should be, 2 when the coordinator does not answer.
func Run(ctx context.Context, env utility.Environment) int {
	opt, err := parseOptions(env)
	u, status := env.Begin(err, opt.LogDir, opt.Quiet)
	if u == nil {
		return status
	}
	u.Log.Info("Starting gpstate with args: %s", env.Line())
	r := &run{Utility: u, opt: opt, port: utility.Port()}
	if dir, err := utility.CoordinatorDirectory(opt.Dir); err == nil {
		if r.port, err = instance.Port(dir); err != nil {
			u.Fail(err)
			return 2
		}
	}
	u.Log.Info("local Greenplum Version: '%s'", u.Release.Postgres())
	if r.all, err = catalog.Read(ctx, r.port); err != nil {
		u.Log.Print(console.Critical, "gpstate failed. (Reason='%s') exiting...", reason(err, r.port))
		return 2
	}
	u.Log.Info("coordinator Greenplum Version: '%s", u.Release.Coordinator())
	u.Log.Info("Obtaining Segment details from coordinator...")
	reports := map[string]func(context.Context) int{
		"b": r.brief, "e": r.attention, "f": r.standby, "m": r.mirrors, "s": r.status, "Q": r.quick,
	}
	return reports[opt.report](ctx)
}

// reason puts a failed connection into the words of Greenplum's client library.
func reason(err error, port int) string {
	var refused *pgconn.ConnectError
	var pg *pgconn.PgError
	if errors.As(err, &refused) && !errors.As(err, &pg) {
		text := ""
		for _, address := range []string{"::1", "127.0.0.1"} {
			text += fmt.Sprintf("could not connect to server: Connection refused\n"+
				"\tIs the server running on host \"localhost\" (%s) and accepting\n\tTCP/IP connections on port %d?\n", address, port)
		}
		return text
	}
	return err.Error()
}
