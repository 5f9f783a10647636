package gpstate

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
)

// status is -s: everything about every segment.
func (r *run) status(ctx context.Context) int {
	r.gather(ctx)
	version := "unknown"
	if conn, err := catalog.Local(ctx, r.port, "template1"); err == nil {
		_ = conn.QueryRow(ctx, "show server_version").Scan(&version)
		_ = conn.Close(ctx)
	}
	c, _ := r.all.Coordinator()
	r.Log.Rule(52)
	r.Log.Info("-Coordinator Configuration & Status")
	r.Log.Rule(52)
	r.warnUnavailable()
	var t console.Table
	t.Row("Coordinator host", "= "+c.Hostname)
	t.Row("Coordinator postgres process ID", fmt.Sprintf("= %d", r.state[c.DBID].pid))
	t.Row("Coordinator data directory", "= "+c.Dir)
	t.Row("Coordinator port", fmt.Sprintf("= %d", c.Port))
	t.Row("Coordinator current role", "= dispatch")
	t.Row("Greenplum initsystem version", "= "+r.Release.Build())
	t.Row("Greenplum current version", "= "+r.Release.Coordinator())
	t.Row("Postgres version", "= "+version)
	r.standbyRows(&t)
	t.Print(r.Log)
	warnings := t.HasWarnings()
	r.Log.Rule(52)
	r.Log.Info("Segment Instance Status Report")
	var segments console.Table
	for _, s := range r.all.Data() {
		r.segmentRows(&segments, s)
	}
	segments.Print(r.Log)
	warnings = warnings || segments.HasWarnings()
	r.warnUnavailable()
	if !warnings {
		return 0
	}
	stars := strings.Repeat("*", 53)
	r.Log.Print(console.Warning, "%s", stars)
	r.Log.Print(console.Warning, "Warnings have been generated during status processing")
	r.Log.Print(console.Warning, "Check log file or review screen output")
	r.Log.Print(console.Warning, "%s", stars)
	return 1
}

func (r *run) segmentRows(t *console.Table, s catalog.Segment) {
	row := func(name, value string) { t.Row("   "+name, "= "+value) }
	rowOrWarn := func(bad bool, name, value string) { t.RowOrWarn(bad, "   "+name, "= "+value) }
	t.Rule()
	t.Row("Segment Info")
	row("Hostname", s.Hostname)
	row("Address", s.Address)
	row("Datadir", s.Dir)
	row("Port", strconv.Itoa(s.Port))
	if r.all.HasMirrors() {
		r.mirroringRows(t, s)
	}
	st := r.state[s.DBID]
	text, bad := r.databaseStatus(s)
	t.Row("Status")
	pid := strconv.Itoa(st.pid)
	if !st.process {
		pid = "Not found"
	}
	rowOrWarn(!st.process, "PID", pid)
	rowOrWarn(s.Status == catalog.Down, "Configuration reports status as", upOrDown(s))
	name := "Database status"
	if s.Role == catalog.Mirror {
		name = "Segment status"
	}
	rowOrWarn(bad, name, text)
}

func (r *run) mirroringRows(t *console.Table, s catalog.Segment) {
	row := func(name, value string) { t.Row("   "+name, "= "+value) }
	rep := r.pairs[s.Content]
	t.Row("Mirroring Info")
	row("Current role", roleName(s.Role))
	row("Preferred role", roleName(s.PreferredRole))
	mode := "Not In Sync"
	if s.Mode == catalog.InSync {
		mode = "Synchronized"
	}
	if s.Role == catalog.Mirror && rep.connected {
		mode = label(rep.state)
	}
	row("Mirror status", mode)
	t.Row("Replication Info")
	known := func(value string) string {
		if !rep.connected || value == "" {
			return "Unknown"
		}
		return value
	}
	if s.Role == catalog.Primary {
		t.RowOrWarn(!rep.queried, "   Current write location", "= "+cmp.Or(rep.current, "Unknown"))
	}
	lines := [][2]string{{"Bytes remaining to send to mirror", known(fmt.Sprint(rep.toSend))}}
	if s.Role == catalog.Mirror {
		lines = [][2]string{
			{"WAL Sent Location", known(rep.sent)}, {"WAL Flush Location", known(rep.flushed)},
			{"WAL Replay Location", known(rep.replayed)},
			{"Bytes received but remain to flush", known(fmt.Sprint(rep.toFlush))},
			{"Bytes received but remain to replay", known(fmt.Sprint(rep.toReplay))},
		}
	}
	for _, l := range lines {
		t.RowOrWarn(!rep.connected, "   "+l[0], "= "+l[1])
	}
}

func roleName(role string) string {
	if role == catalog.Primary {
		return "Primary"
	}
	return "Mirror"
}
