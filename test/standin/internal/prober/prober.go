package prober

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/instance"
	"gpk/test/standin/internal/shell"
)

// tick is the time between two looks at the primaries.
const tick = 500 * time.Millisecond

// Prober watches from one coordinator.
type Prober struct {
	dir      string
	port     int
	interval time.Duration // between full probes
	grace    time.Duration // before a mirror that is gone is marked down
	remote   func(command string) string
	shell    shell.Shell
	log      *slog.Logger

	store    *catalog.Store
	primary  sessions
	silent   map[int]time.Time // since when a primary, by dbid, listens without answering
	lost     map[int]time.Time // since when its mirror does not stream
	lastFull time.Time
	pointed  bool // the foreign servers follow the catalogue
}

// New makes a prober for the coordinator in a directory, which may set
// gp_fts_probe_interval and gp_fts_mark_mirror_down_grace_period. remote leads a
// command line for another host with its environment.
func New(dir string, port int, remote func(string) string, log *slog.Logger) *Prober {
	return &Prober{
		dir: dir, port: port, remote: remote, log: log,
		interval: setting(dir, "gp_fts_probe_interval", time.Minute),
		grace:    setting(dir, "gp_fts_mark_mirror_down_grace_period", 30*time.Second),
		primary:  sessions{}, silent: map[int]time.Time{}, lost: map[int]time.Time{},
	}
}

// Run watches until ctx ends. While the instance is a standby, stops or starts,
// it only waits.
func (p *Prober) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if instance.Stopping(p.dir) { // a smart shutdown waits for every session
			p.leave()
			sleep(ctx, tick)
			continue
		}
		if p.store == nil {
			store, err := p.open(ctx)
			if err != nil {
				sleep(ctx, tick)
				continue
			}
			p.store, p.pointed = store, false
			p.lastFull = time.Now()
			p.log.Info("watching", "directory", p.dir, "interval", p.interval, "grace", p.grace)
		}
		if err := p.round(ctx); err != nil && ctx.Err() == nil {
			p.log.Warn("round", "error", err)
			if p.store.IsClosed() {
				p.store = nil
			}
			sleep(ctx, tick)
		}
	}
}

func (p *Prober) open(ctx context.Context) (*catalog.Store, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	store, err := catalog.Open(ctx, p.port)
	if err != nil {
		return nil, err
	}
	if err = p.begin(ctx, store); err != nil {
		store.Close()
		return nil, err
	}
	return store, nil
}

// begin listens for requests. A standby that was promoted since, by whatever
// means, has become the coordinator, which the catalogue has to learn.
func (p *Prober) begin(ctx context.Context, store *catalog.Store) error {
	if text, ok := instance.Read(p.dir, "gp_dbid"); ok {
		dbid, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		if err := store.Activate(ctx, dbid); err != nil {
			return err
		}
	}
	// By this name pg_stat_activity knows it from a client (views.sql).
	_, err := store.Exec(ctx, "set application_name = 'standin-prober'; listen standin_probe")
	return err
}

// round waits for a tick or a request, and looks.
func (p *Prober) round(ctx context.Context) error {
	waiting, cancel := context.WithTimeout(ctx, tick)
	_, err := p.store.WaitForNotification(waiting)
	cancel()
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var requested, finished int64
	if err := p.store.QueryRow(ctx, "select requested, finished from standin.probe_scan").Scan(&requested, &finished); err != nil {
		return err
	}
	if err := p.ownStandby(ctx); err != nil {
		return err
	}
	full := requested > finished || time.Since(p.lastFull) > p.interval
	changed, err := p.probe(ctx, full)
	if err != nil {
		return err
	}
	if changed && full { // what was changed may allow the next thing, as becoming in sync
		time.Sleep(100 * time.Millisecond)
		if _, err := p.probe(ctx, full); err != nil {
			return err
		}
	}
	if err := p.point(ctx); err != nil {
		return err
	}
	if full {
		p.lastFull = time.Now()
	}
	if requested > finished {
		_, err = p.store.Exec(ctx, "update standin.probe_scan set finished = $1", requested)
	}
	return err
}

// ownStandby makes the coordinator's commits wait for its standby as long as it
// streams.
func (p *Prober) ownStandby(ctx context.Context) error {
	var streaming, synced, awaited, prepared bool
	if err := p.store.QueryRow(ctx, state, instance.WalReceiver).Scan(&streaming, &synced, &awaited, &prepared); err != nil {
		return err
	}
	if streaming == synced {
		return nil
	}
	p.log.Info("standby", "streaming", streaming)
	return setWaiting(ctx, p.store.Conn, streaming)
}

// point lets the foreign servers of every database follow the catalogue, once
// after each change.
func (p *Prober) point(ctx context.Context) error {
	if p.pointed {
		return nil
	}
	rows, err := p.store.Query(ctx, "select datname from pg_database where datallowconn and datname <> 'template1'")
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := p.pointDatabase(ctx, name); err != nil {
			p.log.Warn("follow the catalogue", "database", name, "error", err)
			return nil // tried again in the next round
		}
	}
	p.pointed = true
	return nil
}

func (p *Prober) pointDatabase(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	conn, err := catalog.Local(ctx, p.port, name)
	if err != nil {
		return err
	}
	defer drop(conn)
	var altered int
	if err := conn.QueryRow(ctx, "select standin.follow_catalogue()").Scan(&altered); err != nil {
		return err
	}
	if altered > 0 {
		p.log.Info("servers follow the catalogue", "database", name, "altered", altered)
	}
	return nil
}

func (p *Prober) leave() {
	if p.store != nil {
		p.store.Close()
		p.store = nil
	}
	for dbid, conn := range p.primary {
		drop(conn)
		delete(p.primary, dbid)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
