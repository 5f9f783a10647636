package apply

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/test/apitest"
)

// wayBack is the one step of a way back.
type wayBack struct {
	err   error
	tried bool
}

func (w *wayBack) Check(context.Context) (engine.Finding, error) {
	state := engine.Pending
	if w.tried && w.err == nil {
		state = engine.Done
	}
	return engine.Finding{State: state}, nil
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
			e := engine.Engine{Handler: func(plan.Step) (engine.Handler, error) { return back, nil }, Doing: func(bool) {}, Observe: func(engine.Event) {}, Clock: time.Now}
			a := apitest.New()
			notes := clusterFor(t, apitest.ConfigOf(a)).store.Journal(record.Record{}, plan.Plan{Operation: "upgrade"})
			e.Journal = notes
			if test.begun {
				notes.Record.Unfinished = &record.Unfinished{Operation: "upgrade", Undo: "gpk upgrade --rollback"}
			}
			options := Options{Window: "pods", Fallback: &plan.Plan{Steps: []plan.Step{{ID: "back"}}}}
			if test.noWay {
				options.Fallback = nil
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
			if (notes.Record.Unfinished == nil) != (test.done || !test.begun) {
				t.Errorf("unfinished: %+v", notes.Record.Unfinished)
			}
			var next *engine.NextError
			if test.back != nil && (!errors.As(err, &next) || next.Next.String() != "undo it with `gpk upgrade --rollback`") {
				t.Errorf("nobody is told what to type: %v", err)
			}
		})
	}
}

// begunUpgrade keeps that an upgrade has begun.
func begunUpgrade(t *testing.T, target *Target) {
	t.Helper()
	begun := &record.Unfinished{Operation: plan.UpgradeOperation, Since: time.Now(), Undo: "gpk upgrade --rollback"}
	if err := target.store.Keep(t.Context(), record.Record{Unfinished: begun}); err != nil {
		t.Fatal(err)
	}
}

// An API server too old for the pair rule refuses the StatefulSets of the way back as those of the plan: both are made for it.
func TestFallBackAdapted(t *testing.T) {
	a := apitest.New()
	target := clusterFor(t, apitest.Served(t, a))
	begunUpgrade(t, target)
	a.FailWith(func(r *http.Request) error {
		if r.Method != http.MethodPatch || !strings.Contains(r.URL.Path, "/statefulsets/") {
			return nil
		}
		body, err := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		if err == nil && bytes.Contains(body, []byte("matchLabelKeys")) {
			err = errors.New("failed to create typed patch object (x): .matchLabelKeys: field not declared in schema")
		}
		return err
	})
	back := apitest.Sets(t, apitest.Wide(t, 2))
	if back.PairRule() == nil {
		t.Fatal("the way back has no pair rule")
	}
	steps := []plan.Step{{ID: "impossible"}}
	_, err := target.Run(t.Context(), plan.Plan{Operation: plan.UpgradeOperation, Steps: steps}, Options{Fallback: &back}, unheard())
	if fell, ok := errors.AsType[*FellBackError](err); !ok || !strings.Contains(fell.Error(), "impossible") {
		t.Errorf("it did not go back: %v", err)
	}
	if sets := a.Names("statefulsets"); len(sets) < 2 {
		t.Errorf("there are the sets %q", sets)
	}
}

// Requests that fail for some seconds take nothing back, in the middle of an upgrade's window.
func TestHiccupTakesNothingBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := apitest.New()
		target := clusterFor(t, apitest.ConfigOf(a))
		begunUpgrade(t, target)
		a.Put(apitest.Pod("demo-primary-0", apitest.Runs(), true))
		until := time.Now().Add(10 * time.Second)
		a.FailWith(func(r *http.Request) error {
			if strings.HasSuffix(r.URL.Path, "/pods") && time.Now().Before(until) {
				return errors.New("etcdserver: leader changed")
			}
			return nil
		})
		tell := unheard()
		tell.Observe = func(e engine.Event) {
			if e.Step.ID == "fallback" {
				t.Errorf("it goes back: %q", e.Finding.Details)
			}
		}
		steps := []plan.Step{{ID: "running", Action: plan.Running{Pods: []string{"demo-primary-0"}}}}
		back := plan.Plan{Steps: []plan.Step{{ID: "back"}}}
		if _, err := target.Run(t.Context(), plan.Plan{Operation: plan.UpgradeOperation, Steps: steps}, Options{Fallback: &back}, tell); err != nil {
			t.Error(err)
		}
	})
}

func TestOutage(t *testing.T) {
	stop, start := plan.Step{Action: plan.Stopped{}}, plan.Step{Action: plan.Started{}}
	var o outage
	observe := o.watch(func(engine.Event) {})
	observe(engine.Event{Kind: engine.StepDone, Step: start})
	if o.lasted != 0 {
		t.Errorf("down for %s without a stop", o.lasted)
	}
	observe(engine.Event{Kind: engine.StepStarted, Step: stop})
	observe(engine.Event{Kind: engine.StepDone, Step: stop})
	observe(engine.Event{Kind: engine.StepStarted, Step: start})
	if o.lasted != 0 {
		t.Errorf("it is down still: %s", o.lasted)
	}
	observe(engine.Event{Kind: engine.StepDone, Step: start})
	if o.lasted <= 0 {
		t.Error("it was not down")
	}

	// One that an earlier gpk has stopped, and that has not been started since.
	since := time.Now().Add(-time.Hour)
	journal := []record.Entry{
		{Time: since.Add(-time.Minute), Operation: "upgrade", Step: "stop", Event: "started", Detail: ""},
		{Time: since.Add(time.Minute), Operation: "upgrade", Step: "stop", Event: "started", Detail: ""},
		{Time: since.Add(2 * time.Minute), Operation: "upgrade", Step: "start", Event: "started", Detail: ""},
	}
	kept := record.Record{Unfinished: &record.Unfinished{Operation: "upgrade", Since: since}, Journal: journal}
	o = outage{}
	if o.resumed(kept); !o.began.Equal(since.Add(time.Minute)) {
		t.Errorf("it is down since %s", o.began)
	}
	kept.Journal = append(kept.Journal, record.Entry{Time: since.Add(3 * time.Minute), Operation: "upgrade", Step: "start", Event: "done", Detail: ""})
	o = outage{}
	if o.resumed(kept); !o.began.IsZero() {
		t.Errorf("it is down since %s, and was started", o.began)
	}
}
