package gpstate

import (
	"context"
	"strconv"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/fleet"
)

// standby is -f: the coordinator's standby.
func (r *run) standby(ctx context.Context) int {
	s, ok := r.all.Standby()
	if !ok {
		r.Log.Info("Standby coordinator instance not configured")
		r.standbyReplication(ctx)
		return 0
	}
	outcome := fleet.Each(ctx, r.Shell, catalog.Segments{s}, 1, func(s catalog.Segment) string { return r.Remote(ask(s)) })
	st := parseState(outcome[s.DBID])
	state := "Standby host passive"
	if !st.process {
		state = "Standby process not running"
	}
	var t console.Table
	t.Row("Standby address", "= "+s.Address)
	t.Row("Standby data directory", "= "+s.Dir)
	t.Row("Standby port", "= "+strconv.Itoa(s.Port))
	t.RowOrWarn(!st.process, "Standby PID", "= "+strconv.Itoa(st.pid))
	t.RowOrWarn(!st.process, "Standby status", "= "+state)
	r.Log.Info("Standby coordinator details")
	r.Log.Rule(22)
	t.Print(r.Log)
	r.standbyReplication(ctx)
	return 0
}

func (r *run) standbyReplication(ctx context.Context) {
	r.Log.Rule(61)
	r.Log.Info("-pg_stat_replication")
	r.Log.Rule(61)
	defer r.Log.Rule(61)
	conn, err := catalog.Local(ctx, r.port, "postgres")
	if err != nil {
		r.Log.Info("-%v", err)
		return
	}
	defer func() { _ = conn.Close(ctx) }()
	rep := readReplication(ctx, conn)
	if !rep.connected {
		r.Log.Info("No entries found.")
		return
	}
	var sync string
	_ = conn.QueryRow(ctx, "select sync_state from pg_stat_replication limit 1").Scan(&sync)
	r.Log.Info("-WAL Sender State: %s", rep.state)
	r.Log.Info("-Sync state: %s", sync)
	r.Log.Info("-Sent Location: %s", rep.sent)
	r.Log.Info("-Flush Location: %s", rep.flushed)
	r.Log.Info("-Replay Location: %s", rep.replayed)
}

// mirrors is -m: the mirrors and what they do.
func (r *run) mirrors(context.Context) int {
	if !r.all.HasMirrors() {
		r.Log.Print(console.Warning, "%s", "-------------------------------------------------------------")
		r.Log.Print(console.Warning, "Mirror not used")
		r.Log.Print(console.Warning, "%s", "-------------------------------------------------------------")
		return 0
	}
	r.Log.Rule(61)
	r.Log.Info("-Current GPDB mirror list and status")
	r.Log.Info("-Type = %s", r.mirrorType())
	r.Log.Rule(61)
	var t console.Table
	t.Row("Mirror", "Datadir", "Port", "Status", "Data Status    ")
	acting, failed, unsynced := 0, 0, 0
	for _, s := range r.all.Data() {
		if s.PreferredRole != catalog.Mirror {
			continue
		}
		state, data := "Passive", "Synchronized"
		if s.Mode == catalog.NotSync {
			data = "Not In Sync"
		}
		switch {
		case s.Status == catalog.Down:
			state, data = "Failed", ""
			failed++
		case s.Role == catalog.Primary:
			state = "Acting as Primary"
			acting++
			if s.Mode == catalog.NotSync {
				unsynced++
			}
		}
		t.RowOrWarn(s.Status == catalog.Down, s.Address, s.Dir, strconv.Itoa(s.Port), state, data)
	}
	t.Print(r.Log)
	r.Log.Rule(61)
	for _, c := range []struct {
		count int
		text  string
	}{
		{acting, "%d segment(s) configured as mirror(s) are acting as primaries"},
		{failed, "%d segment(s) configured as mirror(s) have failed"},
		{unsynced, "%d mirror segment(s) acting as primaries are not synchronized"},
	} {
		if c.count > 0 {
			r.Log.Print(console.Warning, c.text, c.count)
		}
	}
	if failed > 0 {
		return 1
	}
	return 0
}

// mirrorType guesses how mirrors are placed: spread when no two mirrors of a
// host's primaries share a host.
func (r *run) mirrorType() string {
	seen := map[[2]string]bool{}
	for _, s := range r.all.Data() {
		if s.PreferredRole != catalog.Mirror {
			continue
		}
		for _, p := range r.all.Data() {
			if p.Content != s.Content || p.DBID == s.DBID {
				continue
			}
			pair := [2]string{p.Address, s.Address}
			if seen[pair] {
				return "Group"
			}
			seen[pair] = true
		}
	}
	return "Spread"
}
