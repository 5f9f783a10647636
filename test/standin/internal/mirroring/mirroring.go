// Package mirroring makes replicas of primaries: anew, by a full copy, or of
// what is left of an instance. It is what gprecoverseg, gpaddmirrors and
// gpexpand share.
package mirroring

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/fleet"
	"gpk/test/standin/internal/instance"
	"gpk/test/standin/internal/utility"
)

// Pair is a mirror to make and the primary it is made from.
type Pair struct {
	Live   catalog.Segment
	Mirror catalog.Segment  // as it is to be
	Failed *catalog.Segment // as it was, unless it is new
	Full   bool             // a full copy, whatever is left
}

// Moves tells whether the mirror is to be somewhere else than it was.
func (p Pair) Moves() bool {
	return p.Failed != nil && (p.Failed.Address != p.Mirror.Address || p.Failed.Port != p.Mirror.Port || p.Failed.Dir != p.Mirror.Dir)
}

// Builder makes the mirrors of one utility's call.
type Builder struct {
	*utility.Utility
	Dir     string // the coordinator's
	Port    int
	Width   int
	Verb    string // "recover" or "add"
	Command string // what is to be typed again
}

// Build makes mirrors of all pairs and tells whether every one was made.
func (b Builder) Build(ctx context.Context, pairs []Pair) (bool, error) {
	if len(pairs) == 0 {
		b.Log.Info("No segments to %s", b.Verb)
		return true, nil
	}
	b.Log.Info("%d segment(s) to %s", len(pairs), b.Verb)
	if err := Conflict(pairs); err != nil {
		return false, err
	}
	b.stop(ctx, pairs)
	b.Log.Info("Setting up the required segments for recovery")
	if err := b.setUp(ctx, pairs); err != nil {
		return false, err
	}
	b.Log.Info("Updating configuration for mirrors")
	if err := b.register(ctx, pairs); err != nil {
		return false, err
	}
	b.Log.Info("Initiating segment recovery. Upon completion, will start the successfully recovered segments")
	b.Log.Info("era is %s", b.era())
	failed := b.copyAll(ctx, pairs)
	if err := b.revert(ctx, failed); err != nil {
		return false, err
	}
	b.Log.Info("Triggering FTS probe")
	return len(failed) == 0, b.probe(ctx)
}

// Place adds rows to a table that say where a segment is.
func Place(t *console.Table, what string, s catalog.Segment) {
	t.Row(what+" instance host", "= "+s.Hostname)
	t.Row(what+" instance address", "= "+s.Address)
	t.Row(what+" instance directory", "= "+s.Dir)
	t.Row(what+" instance port", "= "+strconv.Itoa(s.Port))
}

// Conflict refuses two mirrors in one place.
func Conflict(pairs []Pair) error {
	taken := map[string]int{}
	for _, p := range pairs {
		for _, place := range []string{fmt.Sprintf("port %d", p.Mirror.Port), fmt.Sprintf("data directory '%s'", p.Mirror.Dir)} {
			key := p.Mirror.Hostname + " " + place
			if other, ok := taken[key]; ok {
				return console.Says("Segment dbid's %d and %d on host %s cannot have the same %s.", p.Mirror.DBID, other, p.Mirror.Hostname, place)
			}
			taken[key] = p.Mirror.DBID
		}
	}
	return nil
}

func (b Builder) era() string {
	data, err := os.ReadFile(filepath.Join(b.Dir, instance.EraFile))
	if err != nil {
		return "None"
	}
	return strings.TrimSpace(string(data))
}

// stop ends what may still run of failed instances. Of a host that does not
// answer nothing can be said.
func (b Builder) stop(ctx context.Context, pairs []Pair) {
	var failed catalog.Segments
	for _, p := range pairs {
		if p.Failed != nil {
			failed = append(failed, *p.Failed)
		}
	}
	if len(failed) == 0 {
		return
	}
	b.Log.Info("Ensuring %d failed segment(s) are stopped", len(failed))
	outcomes := fleet.Each(ctx, b.Shell, failed, b.Width, func(s catalog.Segment) string { return b.Remote(instance.EndCommand(s.Dir)) })
	for _, s := range failed {
		b.Log.Print(console.Warning, "Unable to determine if %s is symlink. Assuming it is not symlink", s.Dir)
		if err := outcomes[s.DBID].Err; err != nil {
			b.Log.Note(console.Warning, "stop %s: %v", s, err)
		}
	}
}

// setUp prepares the primaries: what is written goes to disk, with the timeline
// of the last failover, and one replica has its slot.
func (b Builder) setUp(ctx context.Context, pairs []Pair) error {
	for _, p := range pairs {
		if err := prepare(ctx, p); err != nil {
			return fmt.Errorf("prepare %s: %w", p.Live, err)
		}
	}
	return nil
}

func prepare(ctx context.Context, p Pair) error {
	conn, err := catalog.Remote(ctx, p.Live)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	statements := []string{"checkpoint"}
	if p.Full { // what the slot has kept is of no use to a new copy
		statements = append(statements,
			"select pg_terminate_backend(active_pid, 5000) from pg_replication_slots where slot_name = '"+instance.Slot+"' and active",
			"select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = '"+instance.Slot+"'")
	}
	statements = append(statements, "select pg_create_physical_replication_slot('"+instance.Slot+
		"', true) where not exists (select from pg_replication_slots where slot_name = '"+instance.Slot+"')")
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// register enters the mirrors where they are to be, and as down until they
// stream.
func (b Builder) register(ctx context.Context, pairs []Pair) error {
	return b.change(ctx, func(store *catalog.Store) error {
		for i := range pairs {
			m, live := &pairs[i].Mirror, pairs[i].Live
			m.Mode, m.Status, live.Mode = catalog.NotSync, catalog.Down, catalog.NotSync
			if pairs[i].Failed == nil {
				var err error
				if m.DBID, err = store.AddNext(ctx, *m); err != nil {
					return err
				}
			} else if err := store.Move(ctx, *m); err != nil {
				return err
			}
			if err := store.Put(ctx, live, *m); err != nil {
				return err
			}
		}
		return nil
	})
}

// revert gives mirrors that could not be made somewhere else their old places.
func (b Builder) revert(ctx context.Context, failed []Pair) error {
	return b.change(ctx, func(store *catalog.Store) error {
		for _, p := range failed {
			if p.Moves() {
				if err := store.Move(ctx, *p.Failed); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (b Builder) probe(ctx context.Context) error {
	return b.change(ctx, func(store *catalog.Store) error {
		for range 2 {
			if _, err := store.Exec(ctx, "select gp_request_fts_probe_scan()"); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b Builder) change(ctx context.Context, do func(*catalog.Store) error) error {
	store, err := catalog.Open(ctx, b.Port)
	if err != nil {
		return err
	}
	defer store.Close()
	return do(store)
}
