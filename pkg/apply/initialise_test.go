package apply

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
	"gpk/test/apitest"
)

// until is the plan up to a step, and with it.
func (c *creation) until(step string) {
	end := slices.IndexFunc(c.plan.Steps, func(s plan.Step) bool { return s.ID == step })
	c.plan.Steps = c.plan.Steps[:end+1]
}

// Data that gpk did not make is never touched: create stops, says whose volume it is, and what to do.
func TestInitialiseKeepsForeignData(t *testing.T) {
	tests := map[string]struct {
		spoil func(*fakeDatabase)
		says  string
	}{
		"a primary's": {func(d *fakeDatabase) { d.volumes["demo-primary-0"].dirs["/greenplum/primary/gpseg0"] = true },
			"the volume of pod demo-primary-0 holds instances of another cluster"},
		"the coordinator's": {func(d *fakeDatabase) { d.volumes["demo-coordinator-0"].dirs[topology.CoordinatorDir] = true },
			"the volume of pod demo-coordinator-0 holds instances of another cluster"},
		"a complete mirror's": {func(d *fakeDatabase) {
			d.volumes["demo-mirror-0"].dirs["/greenplum/mirror/gpseg0"] = true
			d.volumes["demo-mirror-0"].marker = segments.Initialised
		}, "the volume of pod demo-mirror-0 holds instances of another cluster"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := newCreation(t)
			test.spoil(c.database)
			_, _, err := c.run(0)
			wantBlocked(t, err, "initialise", test.says)
			if len(c.database.begun) > 0 || len(c.database.violations) > 0 {
				t.Errorf("begun %v, %q", c.database.begun, c.database.violations)
			}
			if dirs := c.database.volumes["demo-primary-0"].dirs; name == "a primary's" && !dirs["/greenplum/primary/gpseg0"] {
				t.Error("the foreign data is gone")
			}
		})
	}
}

// wantBlocked wants a step that a person must decide about.
func wantBlocked(t *testing.T, err error, step, says string) {
	t.Helper()
	var failed *engine.StepError
	if !errors.As(err, &failed) || failed.Step.ID != step || !strings.Contains(failed.Error(), says) || failed.Next.Empty() {
		t.Errorf("error %v, want step %s and %q, with what to do", err, step, says)
	}
}

// A coordinator's data in the pod of the standby may be the only good copy there is.
func TestStandbyKeepsForeignData(t *testing.T) {
	for _, marker := range []segments.Marker{segments.NotInitialised, segments.Initialised} {
		c := newCreation(t)
		v := c.database.volumes["demo-coordinator-1"]
		v.dirs[topology.CoordinatorDir], v.marker = true, marker
		_, _, err := c.run(0)
		var failed *engine.StepError
		if !errors.As(err, &failed) || failed.Next.Empty() || !strings.Contains(err.Error(), "demo-coordinator-1") {
			t.Errorf("marker %s: error %v", marker, err)
		}
		if !v.dirs[topology.CoordinatorDir] || c.database.begun["gpinitstandby"] > 0 {
			t.Errorf("marker %s: the data is there: %t, begun %v", marker, v.dirs[topology.CoordinatorDir], c.database.begun)
		}
	}
}

// A cluster that is otherwise than the file says is not made again, nor changed.
func TestInitialiseKeepsAnotherShape(t *testing.T) {
	c := newCreation(t)
	c.until("initialise")
	if _, _, err := c.run(0); err != nil {
		t.Fatal(err)
	}
	begun := c.database.begun["gpinitsystem"]
	for i, step := range c.plan.Steps {
		if action, ok := step.Action.(plan.Initialise); ok {
			action.Topology.Instances = slices.Clone(action.Topology.Instances)
			last := &action.Topology.Instances[len(action.Topology.Instances)-1]
			last.Port++
			c.plan.Steps[i].Action = action
		}
	}
	_, _, err := c.run(0)
	wantBlocked(t, err, "initialise", "the mirror of content 0 is demo-mirror-0:50000:/greenplum/mirror/gpseg0 instead of")
	if c.database.begun["gpinitsystem"] != begun || len(c.database.violations) > 0 {
		t.Errorf("begun %v, %q", c.database.begun, c.database.violations)
	}
}

// The situations that a run may meet, each by what the facts are.
func TestInitialiseSituations(t *testing.T) {
	tests := map[string]struct {
		facts func(*fakeDatabase)
		want  string
	}{
		"fresh":     {func(*fakeDatabase) {}, "no instance has been initialised yet"},
		"under way": {func(d *fakeDatabase) { start(d) }, "gpinitsystem is running"},
		"killed": {func(d *fakeDatabase) {
			start(d).state = "lost"
		}, "an interrupted gpinitsystem left its directories behind"},
		"failed": {func(d *fakeDatabase) {
			start(d).state = "exited 1"
		}, "an interrupted gpinitsystem left its directories behind"},
		"killed in half of its pods": {func(d *fakeDatabase) {
			start(d).state = "lost"
			clear(d.volumes["demo-mirror-0"].dirs)
		}, "an interrupted gpinitsystem left its directories behind"},
		"done unseen":              {func(d *fakeDatabase) { d.end(start(d)) }, "the instances are complete, and their volumes are not marked as complete"},
		"done, but for its status": {func(d *fakeDatabase) { j := start(d); d.end(j); j.state = "lost" }, "the instances are complete, and their volumes are not marked as complete"},
		"done, and stopped": {func(d *fakeDatabase) {
			d.end(start(d))
			d.up = false
		}, "the database is stopped"},
		"noted": {func(d *fakeDatabase) {
			d.end(start(d))
			note(d)
		}, ""},
		"noted, and stopped": {func(d *fakeDatabase) {
			d.end(start(d))
			note(d)
			d.up = false
		}, "the database is stopped"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := newCreation(t)
			c.until("network")
			if _, _, err := c.run(0); err != nil {
				t.Fatal(err)
			}
			test.facts(c.database)
			whole := newCreation(t).plan
			i := slices.IndexFunc(whole.Steps, func(s plan.Step) bool { return s.ID == "initialise" })
			finding, err := handlerOf(t, clusterFor(t, apitest.Served(t, c.api)), whole.Steps[i].Action).Check(t.Context())
			if done := finding.State == engine.Done; err != nil || done != (test.want == "") || !done && finding.Details[0] != test.want {
				t.Errorf("found %+v, want %q, error %v", finding, test.want, err)
			}
		})
	}
}

// start is gpinitsystem in the fake's pods, as a step would start it.
func start(d *fakeDatabase) *fakeJob {
	for pod := range d.makes("gpinitsystem") {
		d.volumes[pod].marker = segments.Initialising
	}
	j := &fakeJob{[]string{"gpinitsystem"}, "running 2026-11-22T12:00:00Z"}
	d.volumes["demo-coordinator-0"].jobs["gpinitsystem"] = j
	d.begin(j)
	return j
}

func note(d *fakeDatabase) {
	for pod := range d.makes("gpinitsystem") {
		d.volumes[pod].marker = segments.Initialised
	}
}
