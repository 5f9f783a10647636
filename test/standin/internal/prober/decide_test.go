package prober

import (
	"reflect"
	"testing"

	"gpk/test/standin/internal/catalog"
)

func pair(mode, mirrorStatus string) (primary, mirror catalog.Segment) {
	primary = catalog.Segment{DBID: 2, Role: "p", PreferredRole: "p", Mode: mode, Status: "u"}
	mirror = catalog.Segment{DBID: 4, Role: "m", PreferredRole: "m", Mode: mode, Status: mirrorStatus}
	return primary, mirror
}

func TestDecide(t *testing.T) {
	well := finding{alive: true, answers: true, streaming: true, synced: true, awaited: true}
	lost := finding{alive: true, answers: true, synced: true}
	for _, c := range []struct {
		name     string
		mode     string
		mirror   string
		noMirror bool
		found    finding
		full     bool
		want     string // the pair's role, mode and status afterwards, primary first; empty for no change
		promote  bool
		wait     bool
		dontWait bool
	}{
		{name: "all well", mode: "s", mirror: "u", found: well},
		{name: "becomes in sync", mode: "n", mirror: "u", found: well, want: "psu msu"},
		{name: "streams, commits do not wait yet", mode: "n", mirror: "u", found: finding{alive: true, answers: true, streaming: true}, wait: true},
		{name: "streams, commits are to wait and do not yet", mode: "n", mirror: "u", found: finding{alive: true, answers: true, streaming: true, synced: true}, full: true},
		{name: "a mirror marked down streams again", mode: "n", mirror: "d", found: finding{alive: true, answers: true, streaming: true}, wait: true, want: "pnu mnu"},
		{name: "mirror gone, no full probe", mode: "s", mirror: "u", found: lost},
		{name: "mirror gone, full probe", mode: "s", mirror: "u", found: lost, full: true, dontWait: true, want: "pnu mnd"},
		{name: "mirror gone just now, full probe", mode: "s", mirror: "u", full: true,
			found: finding{alive: true, answers: true, synced: true, graced: true}},
		{name: "mirror down already, commits still wait", mode: "n", mirror: "d", found: lost, dontWait: true},
		{name: "mirror down already", mode: "n", mirror: "d", found: finding{alive: true, answers: true}, full: true},
		{name: "primary dead", mode: "s", mirror: "u", promote: true, want: "mnd pnu"},
		{name: "primary dead, mirror behind", mode: "n", mirror: "u", full: true},
		{name: "primary dead, mirror down", mode: "n", mirror: "d", full: true},
		{name: "primary dead, no mirror", noMirror: true, full: true},
		{name: "primary starting", mode: "s", mirror: "u", found: finding{alive: true}, full: true},
		{name: "no mirror", noMirror: true, found: finding{alive: true, answers: true}, full: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			primary, mirror := pair(c.mode, c.mirror)
			d := decide(primary, mirror, !c.noMirror, c.found, c.full)
			if d.promote != c.promote || d.wait != c.wait || d.dontWait != c.dontWait {
				t.Errorf("promote %t, wait %t, don't wait %t", d.promote, d.wait, d.dontWait)
			}
			got := ""
			for i, row := range d.rows {
				if i > 0 {
					got += " "
				}
				got += row.Role + row.Mode + row.Status
			}
			if got != c.want {
				t.Errorf("rows %q, not %q", got, c.want)
			}
		})
	}
}

func TestDecideKeepsPreferredRoles(t *testing.T) {
	primary, mirror := pair("s", "u")
	d := decide(primary, mirror, true, finding{}, false)
	got := make([]string, 0, 2)
	for _, row := range d.rows {
		got = append(got, row.PreferredRole)
	}
	if !reflect.DeepEqual(got, []string{"p", "m"}) {
		t.Errorf("preferred roles after a failover: %v", got)
	}
}
