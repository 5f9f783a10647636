package apply

import (
	"slices"
	"strings"
	"testing"

	"gpk/pkg/apply/database"
	"gpk/pkg/segments"
)

// What fills up is told before it is full, and a coordinator that reaches nobody is no whole cluster.
func TestStatusHealth(t *testing.T) {
	const gib = 1 << 30
	catalogue := segments.Catalogue{
		{DBID: 1, Content: -1, Role: "p", PreferredRole: "p", Status: "u", Host: "demo-coordinator-0", Port: 5432, Dir: "/greenplum/coordinator/gpseg-1"},
		{DBID: 2, Content: 0, Role: "p", PreferredRole: "p", Status: "u", Host: "demo-primary-0", Port: 6000, Dir: "/greenplum/primary/gpseg0"},
		{DBID: 3, Content: 0, Role: "m", PreferredRole: "m", Status: "d", Host: "demo-mirror-0", Port: 7000, Dir: "/greenplum/mirror/gpseg0"},
	}
	acting := database.Acting{Pod: "demo-coordinator-0", Catalogue: catalogue}
	room := func(left int64) segments.Health {
		return segments.Health{Size: 100 * gib, Available: left * gib, Log: map[string]int64{"/greenplum/primary/gpseg0": 3 * gib}}
	}
	tests := map[string]struct {
		primary          segments.Health
		ready            bool
		faults, warnings []string
	}{
		"room is left":   {room(50), true, nil, []string{"3.0 GiB of write-ahead log, which grows while its mirror is away; its volume has 50.0 GiB left"}},
		"little is left": {room(14), true, nil, []string{"pod demo-primary-0 is 86 % full: 14.0 GiB of 100.0 GiB are left", "3.0 GiB of write-ahead log"}},
		"it is full":     {room(0), true, []string{"pod demo-primary-0 is 100 % full: 0 B of"}, []string{"3.0 GiB of write-ahead log"}},
		"no ssh":         {segments.Health{Silent: true}, true, []string{"does not reach 1 of the 1 other pods that are ready: demo-primary-0 (ssh, port 22)"}, nil},
		"no server":      {segments.Health{Closed: []string{"6000"}}, true, []string{"demo-primary-0 (port 6000). A NetworkPolicy"}, nil},
		"it is told of":  {segments.Health{Silent: true}, false, nil, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var s Status
			s.judge(map[string]segments.Health{"demo-primary-0": test.primary}, acting, map[string]bool{"demo-primary-0": test.ready})
			for _, of := range []struct {
				kind      string
				got, want []string
			}{{"faults", s.Faults, test.faults}, {"warnings", s.Warnings, test.warnings}} {
				if !slices.EqualFunc(of.got, of.want, strings.Contains) {
					t.Errorf("%s: got %q, want %q", of.kind, of.got, of.want)
				}
			}
		})
	}
}
