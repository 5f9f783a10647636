package apply

import (
	"context"
	"errors"
	"testing"
	"time"

	"gpk/pkg/plan"
)

func TestInWindow(t *testing.T) {
	p := plan.Plan{Steps: []plan.Step{{ID: "whole"}, {ID: "pods"}, {ID: "start"}}}
	for step, want := range map[string]bool{"whole": false, "pods": true, "start": true, "fallback": true} {
		if got := (windowed{p, "pods"}).inWindow(step); got != want {
			t.Errorf("%s: %v", step, got)
		}
		if !(windowed{p, ""}).inWindow(step) {
			t.Errorf("%s: a plan without a window is one", step)
		}
	}
}

// An operation is unfinished from its window on, not before.
func TestUnfinishedFromTheWindowOn(t *testing.T) {
	a := newAPI()
	target := a.target(t)
	p := plan.Plan{Steps: []plan.Step{{ID: "image"}, {ID: "pods"}}}
	notes := &recorder{target: target, operation: "upgrade", begun: &Unfinished{Operation: "upgrade"}, window: windowed{p, "pods"}}
	for i, step := range p.Steps {
		if err := notes.note(t.Context(), step, "started", ""); err != nil {
			t.Fatal(err)
		}
		if record, err := target.Record(t.Context()); err != nil || (record.Unfinished != nil) != (i == 1) {
			t.Errorf("after %s: %+v, error %v", step.ID, record.Unfinished, err)
		}
	}
}

// wayBack is the one step of a way back.
type wayBack struct {
	err   error
	tried bool
}

func (w *wayBack) Check(context.Context) (Finding, error) {
	if !w.tried || w.err != nil {
		return Finding{State: Pending}, nil
	}
	return Finding{State: Done}, nil
}

func (w *wayBack) Do(context.Context, func(string)) error {
	w.tried = true
	return w.err
}

func TestFallBack(t *testing.T) {
	broken := errors.New("broken")
	tests := map[string]struct {
		begun, interrupted, noWay bool
		back                      error
		// done: everything is as it was. tried: it was gone back at all.
		done, tried bool
	}{
		"in the window":           {begun: true, done: true, tried: true},
		"before it":               {},
		"interrupted":             {begun: true, interrupted: true},
		"no way back":             {begun: true, noWay: true},
		"the way back is blocked": {begun: true, back: errors.New("blocked"), tried: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			back := &wayBack{err: test.back}
			e := engine{handler: func(plan.Step) (handler, error) { return back, nil }, doing: func(bool) {}, observe: func(Event) {}, clock: time.Now}
			a := newAPI()
			notes := &recorder{target: a.target(t), operation: "upgrade"}
			e.journal = notes
			if test.begun {
				notes.record.Unfinished = &Unfinished{Operation: "upgrade", Undo: "gpk upgrade --rollback"}
			}
			options := Options{Window: Window{Step: "pods", Fallback: &plan.Plan{Steps: []plan.Step{{ID: "back"}}}}}
			if test.noWay {
				options.Window.Fallback = nil
			}
			ctx, cancel := context.WithCancel(t.Context())
			if test.interrupted {
				cancel()
			}
			defer cancel()
			err := fallBack(ctx, &e, options, notes, &outage{lasted: 3 * time.Second}, broken)
			if !errors.Is(err, broken) {
				t.Errorf("the cause is lost: %v", err)
			}
			var fell *FellBackError
			if errors.As(err, &fell) != test.done || test.done && fell.Downtime != 3*time.Second {
				t.Errorf("%v", err)
			}
			if back.tried != test.tried {
				t.Errorf("the way back was tried: %t", back.tried)
			}
			if (notes.record.Unfinished == nil) != (test.done || !test.begun) {
				t.Errorf("unfinished: %+v", notes.record.Unfinished)
			}
			var next *NextError
			if test.back != nil && (!errors.As(err, &next) || next.Next != "take it back with `gpk upgrade --rollback`") {
				t.Errorf("nobody is told what to type: %v", err)
			}
		})
	}
}

func TestOutage(t *testing.T) {
	stop, start := plan.Step{Action: plan.Stopped{}}, plan.Step{Action: plan.Started{}}
	var o outage
	observe := o.watch(func(Event) {})
	observe(Event{Kind: StepDone, Step: start})
	if o.lasted != 0 {
		t.Errorf("down for %s without a stop", o.lasted)
	}
	observe(Event{Kind: StepStarted, Step: stop})
	observe(Event{Kind: StepDone, Step: stop})
	observe(Event{Kind: StepStarted, Step: start})
	if o.lasted != 0 {
		t.Errorf("it is down still: %s", o.lasted)
	}
	observe(Event{Kind: StepDone, Step: start})
	if o.lasted <= 0 {
		t.Error("it was not down")
	}

	// One that an earlier gpk has stopped, and that has not been started since.
	since := time.Now().Add(-time.Hour)
	journal := []Entry{
		{since.Add(-time.Minute), "upgrade", "stop", "started", ""},
		{since.Add(time.Minute), "upgrade", "stop", "started", ""},
		{since.Add(2 * time.Minute), "upgrade", "start", "started", ""},
	}
	record := Record{Unfinished: &Unfinished{Operation: "upgrade", Since: since}, Journal: journal}
	o = outage{}
	if o.resumed(record); !o.began.Equal(since.Add(time.Minute)) {
		t.Errorf("it is down since %s", o.began)
	}
	record.Journal = append(record.Journal, Entry{since.Add(3 * time.Minute), "upgrade", "start", "done", ""})
	o = outage{}
	if o.resumed(record); !o.began.IsZero() {
		t.Errorf("it is down since %s, and was started", o.began)
	}
}
