package spread

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"gpk/test/standin/internal/catalog"
)

// Resolve settles what a mover that died has left prepared, unless one is at
// work.
func Resolve(ctx context.Context, port int) error {
	conn, err := catalog.Local(ctx, port, "postgres")
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	var free bool
	if err := conn.QueryRow(ctx, "select pg_try_advisory_lock($1)", lockKey).Scan(&free); err != nil || !free {
		return err
	}
	return settle(ctx, port)
}

// settle commits what was decided and rolls back what was not.
func settle(ctx context.Context, port int) error {
	all, err := catalog.Read(ctx, port)
	if err != nil {
		return err
	}
	errs := []error{}
	for _, p := range all.InRole(catalog.Primary) {
		if err := settlePrimary(ctx, port, p); err != nil {
			errs = append(errs, fmt.Errorf("settle moves on %s: %w", p, err))
		}
	}
	return errors.Join(errs...)
}

type prepared struct{ Name, Database string }

func settlePrimary(ctx context.Context, port int, p catalog.Segment) error {
	conn, err := catalog.DurableRemote(ctx, p, "postgres")
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	rows, err := conn.Query(ctx, `select gid, database from pg_prepared_xacts where gid like 'standin\_%' order by gid`)
	if err != nil {
		return err
	}
	left, err := pgx.CollectRows(rows, pgx.RowToStructByPos[prepared])
	if err != nil {
		return err
	}
	for _, x := range left {
		decided, err := isDecided(ctx, port, x)
		if err != nil {
			return err
		}
		if err := settleOne(ctx, p, x, decided); err != nil {
			return err
		}
	}
	return nil
}

func isDecided(ctx context.Context, port int, x prepared) (decided bool, err error) {
	conn, err := catalog.Local(ctx, port, x.Database)
	if err != nil {
		return false, err
	}
	defer func() { _ = conn.Close(ctx) }()
	return decided, conn.QueryRow(ctx, "select exists (select from standin.moves where name = $1)", x.Name).Scan(&decided)
}

func settleOne(ctx context.Context, p catalog.Segment, x prepared, decided bool) error {
	conn, err := catalog.DurableRemote(ctx, p, x.Database)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	word := "rollback"
	if decided {
		word = "commit"
	}
	_, err = conn.Exec(ctx, strings.Join([]string{word, "prepared", literal(x.Name)}, " "))
	return err
}
