package prober

import (
	"context"
	"fmt"
	"sync"
	"time"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/instance"
	"gpk/test/standin/internal/spread"
)

// probe looks at all primaries at once and does what follows. It tells whether
// anything was changed.
func (p *Prober) probe(ctx context.Context, full bool) (bool, error) {
	all, err := p.store.Segments(ctx)
	if err != nil {
		return false, err
	}
	primaries := all.InRole(catalog.Primary)
	findings := p.lookAll(ctx, primaries)
	changed := false
	for _, primary := range primaries {
		mirror, hasMirror := all.Find(primary.Content, catalog.Mirror)
		d := decide(primary, mirror, hasMirror, findings[primary.DBID], full)
		did, err := p.act(ctx, primary, mirror, d)
		if err != nil {
			p.log.Warn("act", "content", primary.Content, "error", err)
			continue
		}
		changed = changed || did
	}
	p.settle(ctx, findings)
	return changed, nil
}

// settle ends a move of rows whose mover has died half-way. What it commits may
// wait for a mirror that is gone and not yet given up.
func (p *Prober) settle(ctx context.Context, findings map[int]finding) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for _, f := range findings {
		if f.prepared {
			if err := spread.Resolve(ctx, p.port); err != nil {
				p.log.Warn("settle moves", "error", err)
			}
			return
		}
	}
}

func (p *Prober) lookAll(ctx context.Context, primaries catalog.Segments) map[int]finding {
	findings := map[int]finding{}
	var mu sync.Mutex
	var wait sync.WaitGroup
	kept := p.primary // the first looks end while the last ones begin
	p.primary = sessions{}
	for _, s := range primaries {
		conn := kept[s.DBID]
		delete(kept, s.DBID)
		wait.Go(func() {
			f, conn := look(ctx, conn, s)
			mu.Lock()
			defer mu.Unlock()
			findings[s.DBID] = p.heard(s.DBID, f)
			if conn != nil {
				p.primary[s.DBID] = conn
			}
		})
	}
	wait.Wait()
	for _, conn := range kept { // to those that are primaries no longer
		drop(conn)
	}
	return findings
}

// heard adds to a finding what earlier ones told: a primary that listens but has
// not answered for long is dead, and a mirror that streamed or was given a new
// start not long ago has its time of grace.
func (p *Prober) heard(dbid int, f finding) finding {
	lost, known := p.lost[dbid]
	switch {
	case f.streaming:
		delete(p.lost, dbid)
	case f.answers && !known:
		p.lost[dbid] = time.Now()
		f.graced = true
	case f.answers:
		f.graced = time.Since(lost) < p.grace
	}
	since, silent := p.silent[dbid]
	switch {
	case f.answers || !f.alive:
		delete(p.silent, dbid)
	case !silent:
		p.silent[dbid] = time.Now()
	case time.Since(since) > maxSilence:
		return finding{}
	}
	return f
}

func (p *Prober) act(ctx context.Context, primary, mirror catalog.Segment, d decision) (bool, error) {
	if d.promote {
		if err := p.promote(ctx, mirror); err != nil {
			return false, err
		}
		p.pointed = false
	}
	if d.wait || d.dontWait {
		conn := p.primary[primary.DBID]
		if conn == nil {
			return false, nil
		}
		if err := setWaiting(ctx, conn, d.wait); err != nil {
			return false, err
		}
	}
	if len(d.rows) == 0 {
		return d.wait || d.dontWait, nil
	}
	for _, row := range d.rows {
		p.log.Info("catalogue", "dbid", row.DBID, "content", row.Content, "role", row.Role, "mode", row.Mode, "status", row.Status)
	}
	return true, p.store.Put(ctx, d.rows...)
}

// promote makes a primary of a mirror, over ssh, and lets its commits go without
// the old primary. One that an earlier prober promoted already is fine.
func (p *Prober) promote(ctx context.Context, mirror catalog.Segment) error {
	ctx, cancel := context.WithTimeout(ctx, 90*time.Second)
	defer cancel()
	p.log.Info("promote", "segment", mirror.String())
	_, promoting := p.shell.Remote(ctx, mirror.Address, p.remote(instance.PromoteCommand(mirror.Dir)))
	conn, err := catalog.Remote(ctx, mirror)
	if err != nil {
		return fmt.Errorf("promote %s: %w", mirror, errorOf(promoting, err))
	}
	defer drop(conn)
	var replica bool
	if err := conn.QueryRow(ctx, "select pg_is_in_recovery()").Scan(&replica); err != nil {
		return err
	}
	if replica {
		return fmt.Errorf("promote %s: it still is a replica: %w", mirror, errorOf(promoting, err))
	}
	return setWaiting(ctx, conn, false)
}

func errorOf(first, second error) error {
	if first != nil {
		return first
	}
	return second
}
