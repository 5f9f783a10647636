package catalog

import (
	"context"
	_ "embed" // the SQL below
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"gpk/test/standin/internal/instance"
	"gpk/test/standin/internal/lookup"
)

//go:embed sql/store.sql
var storeSQL string

//go:embed sql/views.sql
var viewsSQL string

//go:embed sql/distribute.sql
var distributeSQL string

// Store is a connection to the coordinator's database postgres, where the
// catalogue is kept.
type Store struct {
	*pgx.Conn
}

// Local connects to a database of the instance on a port of this host. Nothing
// that is done there waits for a replica, which may be gone.
func Local(ctx context.Context, port int, database string) (*pgx.Conn, error) {
	return connect(ctx, local(port, database), "local")
}

// Durable is Local for what must not be lost with the coordinator.
func Durable(ctx context.Context, port int, database string) (*pgx.Conn, error) {
	return connect(ctx, local(port, database), "on")
}

func local(port int, database string) string {
	return fmt.Sprintf("host=%s port=%d dbname=%s connect_timeout=10", instance.SocketDir(port), port, quote(database))
}

// Remote connects to database postgres of a segment, as Local does.
func Remote(ctx context.Context, s Segment) (*pgx.Conn, error) {
	return connect(ctx, remote(s, "postgres"), "local")
}

// DurableRemote connects to a database of a segment for what must not be lost
// with it.
func DurableRemote(ctx context.Context, s Segment, database string) (*pgx.Conn, error) {
	return connect(ctx, remote(s, database), "on")
}

func remote(s Segment, database string) string {
	return fmt.Sprintf("host=%s port=%d dbname=%s connect_timeout=2", s.Address, s.Port, quote(database))
}

// quote makes a value of connection settings of any text.
func quote(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(text) + "'"
}

func connect(ctx context.Context, conninfo, synchronous string) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(conninfo)
	if err != nil {
		return nil, err
	}
	// The environment may hold options that PostgreSQL does not know.
	delete(config.RuntimeParams, "options")
	config.LookupFunc = lookup.Host
	config.RuntimeParams["synchronous_commit"] = synchronous
	return pgx.ConnectConfig(ctx, config)
}

// Open connects to the store of the coordinator on a port of this host.
func Open(ctx context.Context, port int) (*Store, error) {
	conn, err := Local(ctx, port, "postgres")
	if err != nil {
		return nil, err
	}
	return &Store{conn}, nil
}

// Close ends the connection.
func (s *Store) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = s.Conn.Close(ctx)
}

// Install makes the catalogue in a new coordinator: the store in database
// postgres, and what every database has in postgres and in both templates.
func Install(ctx context.Context, port int) error {
	for _, step := range []struct {
		database string
		scripts  []string
	}{
		{"postgres", []string{storeSQL, viewsSQL, distributeSQL, "alter database template0 allow_connections true"}},
		{"template1", []string{viewsSQL, distributeSQL}},
		{"template0", []string{viewsSQL, distributeSQL}},
		{"postgres", []string{"alter database template0 allow_connections false"}},
	} {
		if err := runScripts(ctx, port, step.database, step.scripts); err != nil {
			return fmt.Errorf("install the catalogue in database %s: %w", step.database, err)
		}
	}
	return nil
}

func runScripts(ctx context.Context, port int, database string, scripts []string) error {
	conn, err := Local(ctx, port, database)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, script := range scripts {
		if _, err := conn.PgConn().Exec(ctx, script).ReadAll(); err != nil {
			return err
		}
	}
	return nil
}

// Segments reads the catalogue.
func (s *Store) Segments(ctx context.Context) (Segments, error) {
	rows, err := s.Query(ctx, `select dbid, content, role::text, preferred_role::text, mode::text, status::text,
		port, hostname, address, datadir from standin.segment_configuration order by dbid`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Segment])
}

// Read reads the catalogue of the coordinator on a port of this host.
func Read(ctx context.Context, port int) (Segments, error) {
	s, err := Open(ctx, port)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return s.Segments(ctx)
}

// Add adds a row.
func (s *Store) Add(ctx context.Context, g Segment) error {
	_, err := s.Exec(ctx, `insert into standin.segment_configuration values ($1, $2, $3::text::"char", $4::text::"char",
		$5::text::"char", $6::text::"char", $7, $8, $9, $10)`,
		g.DBID, g.Content, g.Role, g.PreferredRole, g.Mode, g.Status, g.Port, g.Hostname, g.Address, g.Dir)
	return err
}

// AddAll adds rows, all or none.
func (s *Store) AddAll(ctx context.Context, all Segments) error {
	return pgx.BeginFunc(ctx, s.Conn, func(tx pgx.Tx) error {
		for _, g := range all {
			if err := (&Store{tx.Conn()}).Add(ctx, g); err != nil {
				return fmt.Errorf("add %s: %w", g, err)
			}
		}
		return nil
	})
}

// Locales gives initdb's options for segments that sort and print as the
// coordinator on a port of this host does.
func Locales(ctx context.Context, port int) ([]string, error) {
	conn, err := Local(ctx, port, "template1")
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	rows, err := conn.Query(ctx, `select '--' || replace(name, '_', '-') || '=' || setting
		from pg_settings where name like 'lc\_%' order by name`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// AddNext adds a row with the next free dbid, which it gives.
func (s *Store) AddNext(ctx context.Context, g Segment) (int, error) {
	if err := s.QueryRow(ctx, `select coalesce(max(dbid), 0) + 1 from standin.segment_configuration`).Scan(&g.DBID); err != nil {
		return 0, err
	}
	return g.DBID, s.Add(ctx, g)
}

// Remove takes a row out.
func (s *Store) Remove(ctx context.Context, dbid int) error {
	_, err := s.Exec(ctx, `delete from standin.segment_configuration where dbid = $1`, dbid)
	return err
}

// Put writes role, mode and status of rows in one transaction.
func (s *Store) Put(ctx context.Context, rows ...Segment) error {
	return pgx.BeginFunc(ctx, s.Conn, func(tx pgx.Tx) error {
		for _, g := range rows {
			if _, err := tx.Exec(ctx, `update standin.segment_configuration
				set role = $2::text::"char", mode = $3::text::"char", status = $4::text::"char" where dbid = $1`,
				g.DBID, g.Role, g.Mode, g.Status); err != nil {
				return fmt.Errorf("update %s: %w", g, err)
			}
		}
		return nil
	})
}

// Activate makes the standby of a dbid, which has been promoted, the
// coordinator, and forgets the one it followed. There is nothing to do when it
// is the coordinator already.
func (s *Store) Activate(ctx context.Context, dbid int) error {
	return pgx.BeginFunc(ctx, s.Conn, func(tx pgx.Tx) error {
		var standby bool
		if err := tx.QueryRow(ctx, `select exists (select from standin.segment_configuration
			where dbid = $1 and content = -1 and role = 'm')`, dbid).Scan(&standby); err != nil || !standby {
			return err
		}
		if _, err := tx.Exec(ctx, `delete from standin.segment_configuration where content = -1 and dbid <> $1`, dbid); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `update standin.segment_configuration
			set role = 'p', preferred_role = 'p', mode = 's', status = 'u' where dbid = $1`, dbid)
		return err
	})
}

// Move writes where the row of a dbid is.
func (s *Store) Move(ctx context.Context, g Segment) error {
	_, err := s.Exec(ctx, `update standin.segment_configuration
		set hostname = $2, address = $3, port = $4, datadir = $5 where dbid = $1`, g.DBID, g.Hostname, g.Address, g.Port, g.Dir)
	return err
}
