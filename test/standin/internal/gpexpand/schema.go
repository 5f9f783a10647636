package gpexpand

import (
	"context"
	_ "embed" // the SQL below
	"fmt"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
)

// Phases of an expansion whose segments are there, as gpexpand.status has them.
const (
	phaseSetup    = "SETUP"
	phaseReady    = "SETUP DONE"
	phaseStarted  = "EXPANSION STARTED"
	phaseStopped  = "EXPANSION STOPPED"
	phaseComplete = "EXPANSION COMPLETE"
)

// States of a table in gpexpand.status_detail.
const (
	notStarted = "NOT STARTED"
	inProgress = "IN PROGRESS"
	completed  = "COMPLETED"
	gone       = "NO LONGER EXISTS"
)

//go:embed schema.sql
var schemaSQL string

//go:embed tables.sql
var tablesSQL string

// open connects to the coordinator's database postgres, where the schema is.
// What is written there waits for the standby, unlike the catalogue.
func (r *run) open(ctx context.Context) (*pgx.Conn, error) {
	return catalog.Durable(ctx, r.port, "postgres")
}

func (r *run) exec(ctx context.Context, statement string, args ...any) error {
	conn, err := r.open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, statement, args...)
	return err
}

// note enters a phase.
func (r *run) note(ctx context.Context, phase string) error {
	return r.exec(ctx, "insert into gpexpand.status values ($1, clock_timestamp())", phase)
}

// phase is the last one entered, or empty without a schema.
func (r *run) phase(ctx context.Context) (string, error) {
	conn, err := r.open(ctx)
	if err != nil {
		return "", nil //nolint:nilerr // who cannot be asked has no schema: the original asks on
	}
	defer func() { _ = conn.Close(ctx) }()
	var there bool
	if err := conn.QueryRow(ctx, "select to_regnamespace('gpexpand') is not null").Scan(&there); err != nil || !there {
		return "", err
	}
	var phase string
	if err := conn.QueryRow(ctx, "select status from gpexpand.status order by updated desc limit 1").Scan(&phase); err != nil {
		return "", console.Says("Existing expansion state could not be determined, but a gpexpand schema already exists. Cannot proceed.")
	}
	return phase, nil
}

// makeSchema makes the schema, with the tables that are to be moved.
func (r *run) makeSchema(ctx context.Context) error {
	if err := r.reach(schemaStarted); err != nil {
		return err
	}
	r.Log.Info("Creating expansion schema")
	conn, err := r.open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.PgConn().Exec(ctx, schemaSQL).ReadAll(); err != nil {
		return err
	}
	if err := r.reach(schemaDone, tablesStarted); err != nil {
		return err
	}
	if err := r.note(ctx, phaseSetup); err != nil {
		return err
	}
	rows, err := conn.Query(ctx, "select datname from pg_database where datallowconn order by datname <> 'postgres', oid")
	if err != nil {
		return err
	}
	databases, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, database := range databases {
		r.Log.Info("Populating gpexpand.status_detail with data from database %s", database)
		if err := r.listTables(ctx, conn, database); err != nil {
			return err
		}
	}
	if err := r.note(ctx, phaseReady); err != nil {
		return err
	}
	if err := r.reach(tablesDone, prepareDone); err != nil {
		return err
	}
	return r.state.forget()
}

// listTables enters the distributed tables of a database, by way of a file in
// the current directory as the original does.
func (r *run) listTables(ctx context.Context, conn *pgx.Conn, database string) error {
	there, err := catalog.Local(ctx, r.port, database)
	if err != nil {
		return err
	}
	defer func() { _ = there.Close(ctx) }()
	for _, statement := range []string{ // the new primaries get the tables at once, without rows
		"select standin.connect_segments() where exists (select from standin.distributed)",
		`select standin.remote(s.content, d.definition) from standin.distributed d
		   join gp_segment_configuration s on s.role = 'p' and s.content >= 0 and not s.content = any(d.contents)`,
	} {
		if _, err := there.Exec(ctx, statement); err != nil {
			return err
		}
	}
	path, err := filepath.Abs("status_detail.dat")
	if err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close(); _ = os.Remove(path) }()
	if _, err := there.PgConn().CopyTo(ctx, file, "copy ("+tablesSQL+") to stdout"); err != nil {
		return err
	}
	if _, err := file.Seek(0, 0); err != nil {
		return err
	}
	_, err = conn.PgConn().CopyFrom(ctx, file, "copy gpexpand.status_detail from stdin")
	return err
}

// clean removes the schema.
func (r *run) clean(ctx context.Context, phase string) error {
	conn, err := r.open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	if phase != phaseComplete {
		if err := r.warnOfTables(ctx, conn); err != nil {
			return err
		}
	}
	if r.ask("Do you want to dump the gpexpand.status_detail table to file?", "Y") {
		path := filepath.Join(r.dir, "gpexpand.status_detail")
		r.Log.Info("Dumping gpexpand.status_detail to %s", path)
		if _, err := conn.Exec(ctx, fmt.Sprintf("copy gpexpand.status_detail to '%s'", path)); err != nil {
			return err
		}
	}
	r.Log.Info("Removing gpexpand schema")
	if _, err := conn.Exec(ctx, "drop schema if exists gpexpand cascade"); err != nil {
		return err
	}
	r.Log.Info("Cleanup Finished.  exiting...")
	return errEnded(0)
}

func (r *run) warnOfTables(ctx context.Context, conn *pgx.Conn) error {
	r.Log.Print(console.Warning, "Expansion has not yet completed.  Removing the expansion")
	r.Log.Print(console.Warning, "schema now will leave the following tables unexpanded:")
	rows, err := conn.Query(ctx, "select fq_name from gpexpand.status_detail where status = $1 order by rank", notStarted)
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	text := ""
	for _, name := range names {
		text += "\t" + name + "\n"
	}
	r.Log.Print(console.Warning, "%s", text)
	r.Log.Print(console.Warning, "These tables will have to be expanded manually by setting")
	r.Log.Print(console.Warning, "the distribution policy using the ALTER TABLE command.")
	if !r.ask("Are you sure you want to drop the expansion schema?", "N") {
		r.Log.Info("User Aborted. Exiting...")
		return errEnded(0)
	}
	return nil
}

// ask asks on standard input. No answer is the default.
func (r *run) ask(question, otherwise string) bool {
	r.Say("\n\n%s Yy|Nn (default=%s):\n> ", question, otherwise)
	answer := r.answer()
	if answer == "" {
		answer = otherwise
	}
	return answer == "y" || answer == "Y"
}
