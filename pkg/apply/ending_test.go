package apply

import (
	"slices"
	"testing"

	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

// What an earlier gpk has begun comes to its end before its contrary begins, also where it ends badly.
func TestNoneBesideItsContrary(t *testing.T) {
	kept := topology.New(shape(t)).Instances
	tests := map[string]struct {
		begun, broken string
		stops         bool
	}{
		"a start after a stop":           {begun: stopJob},
		"a start after a restart":        {begun: restartJob},
		"a stop after a start":           {begun: startJob, stops: true},
		"a stop after another stop":      {begun: stopJob, stops: true},
		"a stop where gpstop ends badly": {begun: startJob, broken: "gpstop", stops: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := newCreation(t)
			if _, _, err := c.run(0); err != nil {
				t.Fatal(err)
			}
			c.api.failWith(nil)
			d := c.database
			d.broken = test.broken
			clear(d.begun)
			d.up = test.begun != startJob
			argv := map[string][]string{startJob: {"gpstart", "-a"}, stopJob: {"gpstop", "-a", "-M", "fast"}, restartJob: {"gpstop", "-a", "-r"}}
			jobs := d.volumes["demo-coordinator-0"].jobs
			jobs[test.begun] = &fakeJob{argv[test.begun], "running 2026-11-22T12:00:00Z"}
			target := c.api.served(t)
			h := handlerOf(t, target, plan.Started{})
			if test.stops {
				h = handlerOf(t, target, plan.Stopped{Mode: "fast", Keep: kept})
			} else if _, err := target.decide(t.Context(), map[string]string{plan.StateDatabase: databaseStopped}); err != nil {
				t.Fatal(err)
			}
			var told []string
			if err := h.Do(t.Context(), func(line string) { told = append(told, line) }); err != nil {
				t.Fatal(err)
			}
			if d.up == test.stops || !slices.Contains(told, "waiting for "+test.begun+", which an earlier gpk has begun") {
				t.Errorf("up: %t, told %q", d.up, told)
			}
			for _, j := range d.jobs() {
				t.Errorf("%q still runs", j.argv)
			}
		})
	}
}
