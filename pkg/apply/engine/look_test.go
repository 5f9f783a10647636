package engine

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gpk/pkg/plan"
)

// A look tells what every step finds, whatever another one finds, and carries out those only that try something out.
func TestLook(t *testing.T) {
	handlers := Handlers{}
	done := map[string]bool{}
	step := func(id string, action plan.Action, checks ...answer) plan.Step {
		calls := []string{}
		h := &scripted{id: id, checks: checks, calls: &calls, do: func(context.Context, func(string)) error { done[id] = true; return nil }}
		handlers[reflect.TypeOf(action)] = func(plan.Action) Handler { return h }
		return plan.Step{ID: id, Title: "title of " + id, Action: action}
	}
	pending := answer{finding: Finding{State: Pending, Details: []string{"to do"}}}
	steps := []plan.Step{
		step("blocked", plan.Passwords{}, answer{finding: BlockedBy("no Secret", "make it")}),
		step("pending", plan.Roles{}, pending),
		step("failing", plan.Database{}, answer{err: errors.New("no answer")}),
		step("tried", plan.Inspected{}, pending, answer{finding: BlockedBy("no shell", "another image")}),
		step("fine", plan.Synced{}, answer{finding: Finding{State: Done}}),
		{ID: "unknown", Title: "title of unknown", Action: plan.Hosts{}},
	}
	events := map[string]int{}
	previews, err := handlers.Look(t.Context(), steps, func(e Event) { events[string(e.Kind)+" "+e.Step.ID]++ })
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, preview := range previews {
		text := ""
		if refusal := preview.Refusal(); refusal != nil {
			text = refusal.Error()
		}
		told = append(told, text)
	}
	want := []string{"step blocked (title of blocked): no Secret", "", "step failing (title of failing): no answer",
		"step tried (title of tried): no shell", "", "step unknown (title of unknown): gpk has no handler for this step: please report it"}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]bool{"tried": true}, done); diff != "" {
		t.Errorf("carried out (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"started tried": 1}, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// A look that is interrupted says so, and not that the cluster is at fault.
func TestLookInterrupted(t *testing.T) {
	ctx, stop := context.WithCancelCause(t.Context())
	interrupted := errors.New("interrupted")
	stop(interrupted)
	if _, err := (Handlers{}).Look(ctx, nil, func(Event) {}); !errors.Is(err, interrupted) {
		t.Errorf("error %v", err)
	}
}
