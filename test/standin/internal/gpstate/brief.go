package gpstate

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
)

// brief is -b, the report without options.
func (r *run) brief(ctx context.Context) int {
	r.gather(ctx)
	r.Log.Info("Greenplum instance status summary")
	var t console.Table
	t.Rule()
	t.Row("Coordinator instance", "= Active")
	r.standbyRows(&t)
	t.Row("Total segment instance count from metadata", fmt.Sprintf("= %d", len(r.all.Data())))
	t.Rule()
	r.countRows(&t, "Primary", catalog.Primary)
	r.countRows(&t, "Mirror", catalog.Mirror)
	t.Print(r.Log)
	return 0
}

func (r *run) standbyRows(t *console.Table) {
	standby, ok := r.all.Standby()
	if !ok {
		t.Row("Coordinator standby", "= No coordinator standby configured")
		return
	}
	t.Row("Coordinator standby", "= "+standby.Hostname)
	st := r.state[standby.DBID]
	switch {
	case !st.reached:
		t.WarnRow("Standby coordinator state", "= Status could not be determined")
	case st.process:
		t.Row("Standby coordinator state", "= Standby host passive")
	default:
		t.WarnRow("Standby coordinator state", "= Standby host DOWN")
	}
}

// countRows counts the segments that prefer a role.
func (r *run) countRows(t *console.Table, kind, role string) {
	t.Row(kind + " Segment Status")
	t.Rule()
	n := map[string]int{}
	for _, s := range r.all.Data() {
		if s.PreferredRole != role {
			continue
		}
		st := r.state[s.DBID]
		n["all"]++
		for name, is := range map[string]bool{
			"down": s.Status == catalog.Down, "file": st.pidFile, "pid": st.pid > 0, "lock": st.lockFile, "process": st.process,
			"acting": s.Role == catalog.Primary,
		} {
			if is {
				n[name]++
			}
		}
	}
	if n["all"] == 0 && role == catalog.Mirror {
		t.Row("Mirrors not configured on this array")
		t.Rule()
		return
	}
	low := strings.ToLower(kind)
	row := func(text string, count int) { t.Row(text, fmt.Sprintf("= %d", count)) }
	warn := func(text string, count int) { t.RowOrWarn(count > 0, text, fmt.Sprintf("= %d", count)) }
	row("Total "+low+" segments", n["all"])
	row("Total "+low+" segment valid (at coordinator)", n["all"]-n["down"])
	warn("Total "+low+" segment failures (at coordinator)", n["down"])
	for _, c := range []struct{ text, key string }{
		{"Total number of postmaster.pid files", "file"}, {"Total number of postmaster.pid PIDs", "pid"},
		{"Total number of /tmp lock files", "lock"}, {"Total number postmaster processes", "process"},
	} {
		warn(c.text+" missing", n["all"]-n[c.key])
		row(c.text+" found", n[c.key])
	}
	if role == catalog.Mirror {
		warn("Total number mirror segments acting as primary segments", n["acting"])
		row("Total number mirror segments acting as mirror segments", n["all"]-n["acting"])
	}
	t.Rule()
}

// quick is -Q: the catalogue's word alone.
func (r *run) quick(context.Context) int {
	r.Log.Info("-Quick Greenplum database status from Coordinator instance only")
	r.Log.Rule(58)
	var t console.Table
	down := 0
	for _, s := range r.all.Data() {
		if s.Status != catalog.Down {
			continue
		}
		if down == 0 {
			t.Row("Down Segment", "Datadir", "Port")
		}
		down++
		t.Row(s.Address, s.Dir, strconv.Itoa(s.Port))
	}
	r.Log.Info("# of up segments, from configuration table     = %d", len(r.all.Data())-down)
	if down > 0 {
		r.Log.Info("# of down segments, from configuration table   = %d", down)
		t.Print(r.Log)
	}
	r.Log.Rule(58)
	if down > 0 {
		return 1
	}
	return 0
}
