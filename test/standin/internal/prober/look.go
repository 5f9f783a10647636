package prober

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/instance"
	"gpk/test/standin/internal/lookup"
)

// A primary is dead when nothing listens at its address, several times in a
// row, or when it listens and has said nothing for long. A process that was
// killed is known to be dead within half a second, a host that is gone after the
// time-outs; a slow one is not dead.
const (
	tries      = 3
	pause      = 150 * time.Millisecond
	askTimeout = 2 * time.Second
	dialLimit  = time.Second
	maxSilence = time.Minute
)

// codeStarting is what a server says that starts, stops or recovers.
const codeStarting = "57P03"

// state asks a primary about its mirror.
const state = `select coalesce((select bool_or(state = 'streaming') from pg_stat_replication where application_name = $1), false),
	current_setting('synchronous_standby_names') <> '',
	coalesce((select bool_or(sync_state in ('sync', 'quorum')) from pg_stat_replication where application_name = $1), false),
	exists (select from pg_prepared_xacts where gid like 'standin\_%')`

// sessions are the kept connections to primaries, by dbid.
type sessions map[int]*pgx.Conn

// look asks a primary how it is. It uses the kept connection and gives the one
// to keep.
func look(ctx context.Context, conn *pgx.Conn, s catalog.Segment) (finding, *pgx.Conn) {
	for try := range tries {
		if try > 0 {
			time.Sleep(pause)
		}
		f, kept, err := ask(ctx, conn, s)
		if err == nil {
			return f, kept
		}
		conn = nil
		if starting(err) || listening(ctx, s) {
			return finding{alive: true}, nil
		}
	}
	return finding{}, nil
}

func listening(ctx context.Context, s catalog.Segment) bool {
	found, err := lookup.Host(ctx, s.Address)
	if err != nil || len(found) == 0 {
		return false
	}
	dialer := net.Dialer{Timeout: dialLimit}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(found[0], strconv.Itoa(s.Port)))
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

func ask(ctx context.Context, conn *pgx.Conn, s catalog.Segment) (finding, *pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	if conn == nil {
		var err error
		if conn, err = catalog.Remote(ctx, s); err != nil {
			return finding{}, nil, err
		}
	}
	f := finding{alive: true, answers: true}
	if err := conn.QueryRow(ctx, state, instance.WalReceiver).Scan(&f.streaming, &f.synced, &f.awaited, &f.prepared); err != nil {
		drop(conn)
		return finding{}, nil, err
	}
	return f, conn, nil
}

// drop ends a connection that may be broken, without waiting for it.
func drop(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	_ = conn.Close(ctx)
}

func starting(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == codeStarting
}

// setWaiting makes an instance's commits wait for its replica, or not.
func setWaiting(ctx context.Context, conn *pgx.Conn, on bool) error {
	names := ""
	if on {
		names = instance.WalReceiver
	}
	for _, statement := range []string{
		fmt.Sprintf("alter system set synchronous_standby_names = '%s'", strings.ReplaceAll(names, "'", "''")),
		"select pg_reload_conf()",
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}
