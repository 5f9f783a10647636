package gpexpand

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/spread"
)

// table is one that is to be moved.
type table struct {
	OID      uint32
	Database string
	Name     string
}

// redistribute moves the rows of all tables that are left, some at once, until
// the time is over. A table that is on its way then stays where it was.
func (r *run) redistribute(ctx context.Context) error {
	mover, err := spread.NewMover(ctx, r.port)
	if err != nil {
		return err
	}
	defer mover.Close()
	if err := r.note(ctx, phaseStarted); err != nil {
		return err
	}
	tables, err := r.left(ctx)
	if err != nil {
		return err
	}
	moving, cancel := context.WithCancel(ctx)
	if !r.opt.stop.IsZero() {
		moving, cancel = context.WithDeadline(ctx, r.opt.stop)
	}
	defer cancel()
	failed, left := r.moveAll(moving, mover, tables)
	stopped := left && errors.Is(moving.Err(), context.DeadlineExceeded)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case stopped:
		r.Log.Info("End time reached.  Stopping expansion.")
		if err := r.note(ctx, phaseStopped); err != nil {
			return err
		}
		r.Log.Info("You can resume expansion by running gpexpand again")
		return nil
	case failed:
		stars := strings.Repeat("*", 50)
		for _, line := range []string{
			stars, "One or more tables failed to expand successfully.", "Please check the log file, correct the problem and",
			"run gpexpand again to finish the expansion process", stars,
		} {
			r.Log.Print(console.Warning, "%s", line)
		}
		return r.note(ctx, phaseStopped)
	}
	if err := r.note(ctx, phaseComplete); err != nil {
		return err
	}
	r.Log.Info("EXPANSION COMPLETED SUCCESSFULLY")
	return nil
}

// left gives the tables that are to be moved. What was in progress when an
// earlier call ended has to begin again.
func (r *run) left(ctx context.Context) ([]table, error) {
	conn, err := r.open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, "update gpexpand.status_detail set status = $1 where status = $2", notStarted, inProgress); err != nil {
		return nil, err
	}
	rows, err := conn.Query(ctx, "select table_oid, dbname, fq_name from gpexpand.status_detail where status = $1 order by rank", notStarted)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[table])
}

// moveAll tells whether a table could not be moved, and whether some are left
// because the time was over or a signal came.
func (r *run) moveAll(ctx context.Context, mover *spread.Mover, tables []table) (failed, left bool) {
	queue := make(chan table, len(tables))
	for _, t := range tables {
		queue <- t
	}
	close(queue)
	var mu sync.Mutex
	var wait sync.WaitGroup
	for range r.opt.parallel {
		wait.Go(func() {
			for t := range queue {
				err := ctx.Err()
				if err == nil {
					err = r.move(ctx, mover, t)
				}
				mu.Lock()
				left = left || err != nil && ctx.Err() != nil
				failed = failed || err != nil && ctx.Err() == nil
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	return failed, left
}

// move moves one table, and enters that it has. What was begun and did not end
// is not started.
func (r *run) move(ctx context.Context, mover *spread.Mover, t table) error {
	began := time.Now()
	mark := func(ctx context.Context, set string, args ...any) error {
		return r.exec(ctx, "update gpexpand.status_detail set "+set+" where dbname = $1 and table_oid = $2",
			append([]any{t.Database, t.OID}, args...)...)
	}
	if err := mark(ctx, "status = $3, expansion_started = $4", inProgress, began); err != nil {
		return err
	}
	r.Log.Info("Expanding %s.%s", t.Database, t.Name)
	err := mover.Move(ctx, t.Database, t.OID)
	if errors.Is(err, spread.ErrNoTable) {
		r.Log.Info("%s no longer exists in database %s", t.Name, t.Database)
		return mark(ctx, "status = $3, expansion_finished = $4", gone, time.Now())
	}
	if err != nil {
		if ctx.Err() != nil {
			r.Log.Info("ALTER TABLE of %s.%s canceled", t.Database, t.Name)
		} else {
			r.Log.Print(console.Error, "Table %s.%s failed to expand: %v", t.Database, t.Name, err)
		}
		r.Log.Info("Resetting status_detail for %s.%s", t.Database, t.Name)
		reset := mark(context.WithoutCancel(ctx), "status = $3, expansion_started = null, expansion_finished = null", notStarted)
		return errors.Join(err, reset)
	}
	if r.opt.analyze {
		r.Log.Info("Analyzing %s", t.Name)
		if err := r.analyze(ctx, t); err != nil {
			return err
		}
	}
	r.Log.Info("Finished expanding %s.%s", t.Database, t.Name)
	return mark(context.WithoutCancel(ctx), "status = $3, expansion_finished = $4", completed, time.Now())
}

func (r *run) analyze(ctx context.Context, t table) error {
	conn, err := catalog.Local(ctx, r.port, t.Database)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, "analyze "+t.Name)
	return err
}
