// Package spread moves the rows of distributed tables between primaries, so that
// nobody ever sees a row twice or not at all, whoever dies meanwhile.
//
// A table is locked on the coordinator, which is where all who use it come by.
// Its rows are written to their places in one transaction a primary, and these
// are prepared. Then the coordinator's own transaction, which has the table's new
// partitions and the name of the move, is committed: that decides. What was
// prepared is committed after it, by the mover, or, when that has died, by the
// prober (see Resolve).
package spread

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"gpk/test/standin/internal/catalog"
)

// ErrNoTable is what Move gives for a table that is not there any more.
var ErrNoTable = errors.New("the table no longer exists")

// lockKey is the coordinator's advisory lock that a mover holds: as long as
// somebody does, what is prepared is nobody else's business.
const lockKey = 7166931

// Mover moves tables. There is one at a time.
type Mover struct {
	port int
	lock *pgx.Conn
	mu   sync.Mutex // one at a time makes a database known on new primaries
}

// NewMover waits until no other mover is at work, and settles what one that died
// has left.
func NewMover(ctx context.Context, port int) (*Mover, error) {
	conn, err := catalog.Local(ctx, port, "postgres")
	if err != nil {
		return nil, err
	}
	if _, err := conn.Exec(ctx, "select pg_advisory_lock($1)", lockKey); err != nil {
		_ = conn.Close(ctx)
		return nil, err
	}
	m := &Mover{port: port, lock: conn}
	if err := settle(ctx, port); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// Close lets others move.
func (m *Mover) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_ = m.lock.Close(ctx)
}

// move is one table on its way.
type move struct {
	name      string // of what is prepared
	oid       uint32
	table     string // quoted
	columns   string
	keys      string
	before    []int // the contents that have the rows
	after     []int
	make      string // what makes the table on a segment
	parent    *pgx.Conn
	primaries map[int]*pgx.Conn
}

// Move spreads the rows of a table over all primaries.
func (m *Mover) Move(ctx context.Context, database string, oid uint32) error {
	conn, err := catalog.Durable(ctx, m.port, database)
	if err != nil {
		return err
	}
	v := &move{oid: oid, parent: conn, primaries: map[int]*pgx.Conn{}}
	defer v.close()
	if v.after, err = m.contents(ctx, conn); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "begin"); err != nil {
		return err
	}
	if err := v.begin(ctx); err != nil {
		return err
	}
	if len(v.before) == len(v.after) {
		_, err := conn.Exec(ctx, "commit")
		return err
	}
	if err := v.connect(ctx, m.port, database); err != nil {
		return err
	}
	if err := v.collect(ctx); err != nil {
		return fmt.Errorf("collect the rows of %s: %w", v.table, err)
	}
	if err := v.place(ctx); err != nil {
		return fmt.Errorf("place the rows of %s: %w", v.table, err)
	}
	return v.end(context.WithoutCancel(ctx))
}

// contents are all that a table can be spread over, with the database made known
// on every one.
func (m *Mover) contents(ctx context.Context, conn *pgx.Conn) (contents []int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return contents, conn.QueryRow(ctx, "select standin.connect_segments()::integer[]").Scan(&contents)
}

// begin locks the table and reads what it is.
func (v *move) begin(ctx context.Context) error {
	err := v.parent.QueryRow(ctx, "select format('%I.%I', schemaname, tablename) from standin.distributed where relid = $1", v.oid).Scan(&v.table)
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNoTable
	}
	if err != nil {
		return err
	}
	for _, statement := range []string{
		"set local standin.distributing = 'on'",
		"lock table " + v.table + " in access exclusive mode",
	} {
		if _, err := v.parent.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return v.parent.QueryRow(ctx, `select d.contents::integer[], d.definition, format('standin_%s_%s', $1::oid, txid_current()),
		(select string_agg(quote_ident(c), ', ') from unnest(d.key_columns) c),
		(select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
		  where attrelid = d.relid and attnum > 0 and not attisdropped and attgenerated = '')
		from standin.distributed d where d.relid = $1`, v.oid).Scan(&v.before, &v.make, &v.name, &v.keys, &v.columns)
}

// connect begins a transaction on every primary that has rows or is to have some.
func (v *move) connect(ctx context.Context, port int, database string) error {
	all, err := catalog.Read(ctx, port)
	if err != nil {
		return err
	}
	for _, content := range v.after {
		p, ok := all.Find(content, catalog.Primary)
		if !ok {
			return fmt.Errorf("content %d has no primary", content)
		}
		conn, err := catalog.DurableRemote(ctx, p, database)
		if err != nil {
			return fmt.Errorf("connect to %s: %w", p, err)
		}
		v.primaries[content] = conn
		if _, err := conn.Exec(ctx, "begin"); err != nil {
			return err
		}
	}
	return nil
}

// collect brings the rows to the coordinator, away from where they are.
func (v *move) collect(ctx context.Context) error {
	if _, err := v.parent.Exec(ctx, fmt.Sprintf("create temp table standin_moved on commit drop as select %s from %s with no data",
		v.columns, v.table)); err != nil {
		return err
	}
	for _, content := range v.before {
		from := v.primaries[content]
		if err := pipe(ctx, from, fmt.Sprintf("copy %s (%s) to stdout", v.table, v.columns),
			v.parent, "copy standin_moved from stdin"); err != nil {
			return fmt.Errorf("content %d: %w", content, err)
		}
		if _, err := from.Exec(ctx, "truncate "+v.table); err != nil {
			return fmt.Errorf("content %d: %w", content, err)
		}
	}
	return nil
}

// place brings every row to the primary that its key belongs to now.
func (v *move) place(ctx context.Context) error {
	had := map[int]bool{}
	for _, content := range v.before {
		had[content] = true
	}
	for i, content := range v.after {
		to := v.primaries[content]
		if !had[content] {
			if _, err := to.PgConn().Exec(ctx, v.make).ReadAll(); err != nil {
				return fmt.Errorf("content %d: %w", content, err)
			}
		}
		rows := fmt.Sprintf("copy (select %s from standin_moved where satisfies_hash_partition(%d, %d, %d, %s)) to stdout",
			v.columns, v.oid, len(v.after), i, v.keys)
		if err := pipe(ctx, v.parent, rows, to, fmt.Sprintf("copy %s (%s) from stdin", v.table, v.columns)); err != nil {
			return fmt.Errorf("content %d: %w", content, err)
		}
	}
	return nil
}

// end prepares all primaries, decides, and commits them.
func (v *move) end(ctx context.Context) error {
	for _, content := range v.after {
		if _, err := v.primaries[content].Exec(ctx, "prepare transaction "+literal(v.name)); err != nil {
			return fmt.Errorf("prepare content %d: %w", content, err)
		}
	}
	for _, statement := range []string{
		fmt.Sprintf("select standin.respread(%d)", v.oid),
		"insert into standin.moves values (" + literal(v.name) + ")",
		"commit",
	} {
		if _, err := v.parent.Exec(ctx, statement); err != nil {
			return errors.Join(fmt.Errorf("%s: %w", statement, err), v.rollBack(ctx))
		}
	}
	for _, content := range v.after {
		if _, err := v.primaries[content].Exec(ctx, "commit prepared "+literal(v.name)); err != nil {
			return fmt.Errorf("content %d has prepared %s, which is decided: %w", content, v.name, err)
		}
	}
	_, err := v.parent.Exec(ctx, "delete from standin.moves where name = $1", v.name)
	return err
}

func (v *move) rollBack(ctx context.Context) error {
	errs := []error{}
	for _, content := range v.after {
		_, err := v.primaries[content].Exec(ctx, "rollback prepared "+literal(v.name))
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// close ends the connections, and with them what has not come to its end.
func (v *move) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	for _, conn := range v.primaries {
		_ = conn.Close(ctx)
	}
	_ = v.parent.Close(ctx)
}

func literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
