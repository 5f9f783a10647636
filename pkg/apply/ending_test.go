package apply

import (
	"slices"
	"sync"
	"testing"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
	"gpk/test/apitest"
)

// What an earlier gpk has begun comes to its end before its contrary begins, also where it ends badly.
func TestNoneBesideItsContrary(t *testing.T) {
	kept := topology.New(apitest.Cluster(t)).Instances
	tests := map[string]struct {
		begun, broken string
		// down: gpk was killed after it had stopped the database.
		stops, down bool
	}{
		"a start after a stop":           {begun: database.StopJob},
		"a start after a restart":        {begun: database.RestartJob},
		"a stop after a start":           {begun: database.StartJob, stops: true},
		"a stop after another stop":      {begun: database.StopJob, stops: true},
		"a stop after an activation":     {begun: database.ActivateJob, stops: true},
		"a stop where gpstop ends badly": {begun: database.StartJob, broken: "gpstop", stops: true},
		"a stop amid a recovery":         {begun: "gprecoverseg-full", stops: true},
		"a stop amid an expansion":       {begun: "gpexpand-setup", stops: true},
		"a stop amid a recovery, again":  {begun: "gprecoverseg-full", stops: true, down: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := newCreation(t)
			if _, _, err := c.run(0); err != nil {
				t.Fatal(err)
			}
			c.api.FailWith(nil)
			d := c.database
			d.broken = test.broken
			clear(d.begun)
			d.up = test.begun != database.StartJob && !test.down
			argv := map[string][]string{database.StartJob: {"gpstart", "-a"}, database.StopJob: {"gpstop", "-a", "-M", "fast"},
				database.RestartJob: {"gpstop", "-a", "-r"}, database.ActivateJob: {"gpactivatestandby"}, "gprecoverseg-full": {"gprecoverseg", "-F"},
				"gpexpand-setup": {"gpexpand", "-i"}}
			jobs := d.volumes["demo-coordinator-0"].jobs
			jobs[test.begun] = &fakeJob{argv[test.begun], "running 2026-11-22T12:00:00Z"}
			target := clusterFor(t, apitest.Served(t, c.api))
			h := handlerOf(t, target, plan.Started{})
			if test.stops {
				h = handlerOf(t, target, plan.Stopped{Mode: "fast", Keep: kept})
			} else if _, err := target.store.Decide(t.Context(), map[string]string{plan.StateDatabase: record.DatabaseStopped}); err != nil {
				t.Fatal(err)
			}
			// The engine orders what a step tells; a handler may tell two things at once.
			var told []string
			var mutex sync.Mutex
			tell := func(line string) {
				mutex.Lock()
				defer mutex.Unlock()
				told = append(told, line)
			}
			if test.down {
				if _, err := target.store.Decide(t.Context(), map[string]string{plan.StateDatabase: record.DatabaseStopped}); err != nil {
					t.Fatal(err)
				}
			}
			if finding, err := h.Check(t.Context()); err != nil || finding.State != engine.Pending {
				t.Errorf("before: %+v, error %v", finding, err)
			}
			if err := h.Do(t.Context(), tell); err != nil {
				t.Fatal(err)
			}
			if d.up == test.stops || !slices.Contains(told, "waiting for "+test.begun+", which an earlier gpk started") {
				t.Errorf("up: %t, told %q", d.up, told)
			}
			if finding, err := h.Check(t.Context()); err != nil || finding.State != engine.Done {
				t.Errorf("afterwards: %+v, error %v", finding, err)
			}
			for _, j := range d.jobs() {
				t.Errorf("%q still runs", j.argv)
			}
		})
	}
}
