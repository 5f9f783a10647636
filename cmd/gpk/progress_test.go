package main

import (
	"strings"
	"testing"
	"time"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
)

// What people see of the same events, by how much they want to see. Nothing of it is a terminal.
func TestProgressLines(t *testing.T) {
	pods, synced := plan.Step{Title: "pods running"}, plan.Step{Title: "mirrors in sync"}
	events := []engine.Event{
		{Kind: engine.StepSkipped, Step: plan.Step{Title: "ssh keys"}},
		{Kind: engine.StepStarted, Step: pods},
		{Kind: engine.Progress, Step: pods, Line: "1 of 4 runs"},
		{Kind: engine.Progress, Step: pods, Line: "1 of 4 runs"},
		{Kind: engine.Progress, Step: pods, Line: "4 of 4 run"},
		{Kind: engine.StepDone, Step: pods, Elapsed: 1250 * time.Millisecond},
		{Kind: engine.StepSkipped, Step: synced, Finding: engine.Finding{Details: []string{"content 0 has switched roles"},
			Next: engine.Next(plan.Gpk("recover"), " switches them back")}},
	}
	notes := "! content 0 has switched roles\n! `gpk recover -n other --cluster demo` switches them back\n"
	for mode, want := range map[string]string{
		"":        "… checking whether another gpk still works on this cluster: alice\n✓ pods running (1.2s)\n" + notes,
		"quiet":   "",
		"verbose": "… checking whether another gpk still works on this cluster: alice\n= ssh keys\n… pods running\n  1 of 4 runs\n  4 of 4 run\n✓ pods running (1.2s)\n" + notes + "= mirrors in sync\n",
	} {
		t.Run(mode, func(t *testing.T) {
			var text strings.Builder
			a := newApp(streams{err: &text})
			a.cluster, a.here = plan.Ref{Namespace: "other", Name: "demo"}, func() string { return "own" }
			if mode != "" {
				a.settings.Set(mode, true)
			}
			p := a.progress()
			p.waiting("alice")
			for _, event := range events {
				p.observe(event)
			}
			p.stop()
			if text.String() != want {
				t.Errorf("shown is\n%s\nwant\n%s", text.String(), want)
			}
		})
	}
}
