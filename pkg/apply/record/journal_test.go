package record

import (
	"testing"

	"gpk/pkg/plan"
	"gpk/test/apitest"
)

func TestInWindow(t *testing.T) {
	p := plan.Plan{Steps: []plan.Step{{ID: "whole"}, {ID: "pods"}, {ID: "start"}}}
	for step, want := range map[string]bool{"whole": false, "pods": true, "start": true, "fallback": true} {
		if got := (&Journal{plan: p, Window: "pods"}).inWindow(step); got != want {
			t.Errorf("%s: %v", step, got)
		}
		if !(&Journal{plan: p}).inWindow(step) {
			t.Errorf("%s: a plan without a window is one", step)
		}
	}
}

// An operation is unfinished from its window on, not before.
func TestUnfinishedFromTheWindowOn(t *testing.T) {
	a := apitest.New()
	target := clusterFor(t, apitest.ConfigOf(a))
	p := plan.Plan{Operation: "upgrade", Steps: []plan.Step{{ID: "image"}, {ID: "pods"}}}
	notes := &Journal{store: target.store, plan: p, Begun: &Unfinished{Operation: "upgrade"}, Window: "pods"}
	for i, step := range p.Steps {
		if err := notes.Note(t.Context(), step, "started", ""); err != nil {
			t.Fatal(err)
		}
		if record, err := target.store.Record(t.Context()); err != nil || (record.Unfinished != nil) != (i == 1) {
			t.Errorf("after %s: %+v, error %v", step.ID, record.Unfinished, err)
		}
	}
}
