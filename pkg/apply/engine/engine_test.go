package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"gpk/pkg/plan"
)

// scripted is a step whose answers a test gives, one after the other.
type scripted struct {
	checks []answer
	do     func(ctx context.Context, progress func(string)) error
	calls  *[]string
	id     string
}

type answer struct {
	finding Finding
	err     error
}

func (s *scripted) Check(context.Context) (Finding, error) {
	*s.calls = append(*s.calls, "check "+s.id)
	next := s.checks[0]
	if len(s.checks) > 1 {
		s.checks = s.checks[1:]
	}
	return next.finding, next.err
}

func (s *scripted) Do(ctx context.Context, progress func(string)) error {
	*s.calls = append(*s.calls, "do "+s.id)
	if s.do == nil {
		return nil
	}
	return s.do(ctx, progress)
}

// notebook is a journal in memory that can be told to fail.
type notebook struct {
	calls *[]string
	fail  error
}

func (n *notebook) Note(_ context.Context, step plan.Step, event, detail string) error {
	*n.calls = append(*n.calls, strings.TrimSpace("note "+step.ID+" "+event+" "+detail))
	return n.fail
}

// rig is an engine over scripted steps, and everything that it did, in order.
type rig struct {
	engine Engine
	steps  []plan.Step
	calls  []string
	notes  *notebook
}

func newRig(steps ...*scripted) *rig {
	r := &rig{}
	r.notes = &notebook{calls: &r.calls}
	handlers := map[string]Handler{}
	for _, s := range steps {
		s.calls = &r.calls
		handlers[s.id] = s
		r.steps = append(r.steps, plan.Step{ID: s.id, Title: "title of " + s.id})
	}
	now := time.Unix(0, 0)
	r.engine = Engine{
		Handler: func(step plan.Step) (Handler, error) { return handlers[step.ID], nil },
		Journal: r.notes,
		Doing:   func(bool) {},
		Observe: func(e Event) {
			r.calls = append(r.calls, strings.TrimSpace(fmt.Sprintf("%s %s %s", e.Kind, e.Step.ID, e.Line)))
		},
		Clock: func() time.Time { now = now.Add(time.Second); return now },
	}
	return r
}

func found(state State, details ...string) answer {
	return answer{finding: Finding{State: state, Details: details, Next: Next("next of " + string(state))}}
}

func TestEngine(t *testing.T) {
	broken := errors.New("broken")
	tests := map[string]struct {
		steps   []*scripted
		notes   error
		calls   []string
		changed int
		err     string
		next    string
	}{
		"nothing to do": {
			steps: []*scripted{{id: "a", checks: []answer{found(Done)}}, {id: "b", checks: []answer{found(Done)}}},
			calls: []string{"check a", "skipped a", "check b", "skipped b"},
		},
		"one of two to do": {
			steps:   []*scripted{{id: "a", checks: []answer{found(Done)}}, {id: "b", checks: []answer{found(Pending, "b is missing"), found(Done)}}},
			calls:   []string{"check a", "skipped a", "check b", "started b", "note b started b is missing", "do b", "check b", "done b", "note b done"},
			changed: 1,
		},
		"unknown is tried": {
			steps:   []*scripted{{id: "a", checks: []answer{found(Unknown), found(Done)}}},
			calls:   []string{"check a", "started a", "note a started no details are known", "do a", "check a", "done a", "note a done"},
			changed: 1,
		},
		"blocked": {
			steps: []*scripted{{id: "a", checks: []answer{found(Blocked, "two coordinators", "and more")}}, {id: "b", checks: []answer{found(Pending)}}},
			calls: []string{"check a"},
			err:   "step a (title of a): two coordinators; and more",
			next:  "next of blocked",
		},
		"the facts outrank the error": {
			steps: []*scripted{{id: "a", checks: []answer{found(Pending, "x"), found(Done)}, do: func(context.Context, func(string)) error { return broken }},
				{id: "b", checks: []answer{found(Done)}}},
			calls:   []string{"check a", "started a", "note a started x", "do a", "check a", "done a", "note a done", "check b", "skipped b"},
			changed: 1,
		},
		"the facts outrank success": {
			steps:   []*scripted{{id: "a", checks: []answer{found(Pending, "x"), found(Pending, "x", "y")}}, {id: "b", checks: []answer{found(Pending)}}},
			calls:   []string{"check a", "started a", "note a started x", "do a", "check a", "note a failed the step ran, but its check still fails: x; y"},
			changed: 1,
			err:     "step a (title of a): the step ran, but its check still fails: x; y",
		},
		"Do fails": {
			steps: []*scripted{{id: "a", checks: []answer{found(Pending, "x")}, do: func(_ context.Context, progress func(string)) error {
				progress("line 1")
				return broken
			}}, {id: "b", checks: []answer{found(Pending)}}},
			calls:   []string{"check a", "started a", "note a started x", "do a", "progress a line 1", "check a", "note a failed broken"},
			changed: 1,
			err:     "step a (title of a): broken",
		},
		"blocked by what Do met": {
			steps:   []*scripted{{id: "a", checks: []answer{found(Pending, "x"), found(Blocked, "foreign data")}}},
			calls:   []string{"check a", "started a", "note a started x", "do a", "check a", "note a failed step a (title of a): foreign data"},
			changed: 1,
			err:     "step a (title of a): foreign data",
			next:    "next of blocked",
		},
		"the facts cannot be had": {
			steps: []*scripted{{id: "a", checks: []answer{{err: broken}}}, {id: "b", checks: []answer{found(Done)}}},
			calls: []string{"check a"},
			err:   "step a (title of a): broken",
		},
		"the facts cannot be had afterwards": {
			steps:   []*scripted{{id: "a", checks: []answer{found(Pending, "x"), {err: broken}}}},
			calls:   []string{"check a", "started a", "note a started x", "do a", "check a", "note a failed broken"},
			changed: 1,
			err:     "step a (title of a): broken",
		},
		"Do's error matters more than the second Check's": {
			steps: []*scripted{{id: "a", checks: []answer{found(Pending, "x"), {err: errors.New("pods cannot be asked")}},
				do: func(context.Context, func(string)) error { return broken }}},
			calls:   []string{"check a", "started a", "note a started x", "do a", "check a", "note a failed broken"},
			changed: 1,
			err:     "step a (title of a): broken",
		},
		"nothing is done that cannot be noted": {
			steps: []*scripted{{id: "a", checks: []answer{found(Pending, "x")}}},
			notes: broken,
			calls: []string{"check a", "started a", "note a started x"},
			err:   "step a (title of a): broken",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(test.steps...)
			r.notes.fail = test.notes
			changed, err := r.engine.Run(t.Context(), r.steps)
			if diff := cmp.Diff(test.calls, r.calls); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if changed != test.changed {
				t.Errorf("%d steps had something to do, want %d", changed, test.changed)
			}
			if err == nil && test.err != "" || err != nil && err.Error() != test.err {
				t.Errorf("error %v, want %q", err, test.err)
			}
			var step *StepError
			if errors.As(err, &step) && step.Next.String() != test.next {
				t.Errorf("next %q, want %q", step.Next, test.next)
			}
		})
	}
}

func TestEngineTellsTime(t *testing.T) {
	r := newRig(&scripted{id: "a", checks: []answer{found(Pending), found(Done)}})
	var elapsed time.Duration
	r.engine.Observe = func(e Event) { elapsed = max(elapsed, e.Elapsed) }
	if _, err := r.engine.Run(t.Context(), r.steps); err != nil || elapsed != time.Second {
		t.Errorf("the step took %s by a clock that goes on by a second a look: %v", elapsed, err)
	}
}

// Ctrl-C, a time-out or a lost lock end a run at once, whether Do noticed or not, and nothing more is claimed or begun.
func TestEngineCancelled(t *testing.T) {
	lost := errors.New("the lock is lost")
	for name, do := range map[string]func(context.Context) error{
		"Do notices":         context.Cause,
		"Do does not":        func(context.Context) error { return nil },
		"Do fails by it":     func(context.Context) error { return errors.New("stream cut") },
		"Do wraps the cause": func(ctx context.Context) error { return fmt.Errorf("waiting: %w", context.Cause(ctx)) },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			r := newRig(&scripted{id: "a", checks: []answer{found(Pending), found(Done)}, do: func(ctx context.Context, _ func(string)) error {
				cancel(lost)
				return do(ctx)
			}}, &scripted{id: "b", checks: []answer{found(Pending), found(Done)}})
			_, err := r.engine.Run(ctx, r.steps)
			var step *StepError
			if !errors.Is(err, lost) || !errors.As(err, &step) || step.Step.ID != "a" {
				t.Errorf("error %v, want the cause, in step a", err)
			}
			if strings.Count(fmt.Sprint(err), lost.Error()) > 1 {
				t.Errorf("the cause is said twice: %v", err)
			}
			if slices.Contains(r.calls, "done a") || slices.Contains(r.calls, "check b") {
				t.Errorf("it went on: %q", r.calls)
			}
		})
	}
}

func TestEngineWithoutHandler(t *testing.T) {
	r := newRig()
	r.engine.Handler = func(plan.Step) (Handler, error) { return nil, errors.New("no handler") }
	if _, err := r.engine.Run(t.Context(), []plan.Step{{ID: "a", Title: "b"}}); err == nil || err.Error() != "step a (b): no handler" {
		t.Errorf("error %v", err)
	}
}

// gated is a Check that tells when it has begun, and ends when it is let.
type gated struct {
	scripted
	begun, let chan struct{}
}

func (g *gated) Check(ctx context.Context) (Finding, error) {
	close(g.begun)
	select {
	case <-g.let:
	case <-ctx.Done():
		*g.calls = append(*g.calls, "forget "+g.id)
		return Finding{}, ctx.Err()
	}
	return g.checks[0].finding, nil
}

// While a step is looked at that changes nothing, so is the next one; what that has found is forgotten if something is done.
func TestEngineChecksEarly(t *testing.T) {
	for _, test := range []struct {
		what   string
		finds  State
		action plan.Action
		ahead  bool
		calls  string
	}{
		{"a step that looks and finds nothing to do", Done, plan.Image{}, true, "check first, skipped first, skipped second"},
		{
			"a step that looks and has to wait", Unknown, plan.Image{}, false,
			"check first, forget second, started first, note first started x, do first, check first, done first, note first done, check second, skipped second",
		},
		{"a step that is in the way", Blocked, plan.Image{}, false, "check first, forget second"},
		{"a step that changes something", Done, plan.Synced{}, false, "check first, skipped first, check second, skipped second"},
	} {
		t.Run(test.what, func(t *testing.T) {
			first := &scripted{id: "first", checks: []answer{{Finding{State: test.finds, Details: []string{"x"}}, nil}, {Finding{State: Done}, nil}}}
			second := &scripted{id: "second", checks: []answer{{Finding{State: Done}, nil}}}
			r := newRig(first, second)
			r.steps[0].Action = test.action
			handlers := r.engine.Handler
			ahead := &gated{scripted: *second, begun: make(chan struct{}), let: make(chan struct{})}
			looks := 0
			r.engine.Handler = func(step plan.Step) (Handler, error) {
				if looks++; looks == 2 && step.ID == "second" {
					if _, ok := test.action.(plan.Look); ok {
						return ahead, nil
					}
				}
				return handlers(step)
			}
			if test.ahead {
				// The second look ends only when the first one has: they are under way at once.
				observe := r.engine.Observe
				r.engine.Observe = func(e Event) {
					if e.Step.ID == "first" {
						<-ahead.begun
						close(ahead.let)
					}
					observe(e)
				}
			}
			_, err := r.engine.Run(t.Context(), r.steps)
			if blocked := test.finds == Blocked; (err != nil) != blocked {
				t.Fatal(err)
			}
			if got := strings.Join(r.calls, ", "); got != test.calls {
				t.Errorf("%s, want %s", got, test.calls)
			}
		})
	}
}

// cut is an error of a stream that may be whole the next time.
type cut struct{ passes bool }

func (c cut) Error() string { return "the stream was cut" }
func (c cut) Passing() bool { return c.passes }

// What passes in a moment ends neither a Check nor a wait. What does not pass, or passes too late, does.
func TestPassing(t *testing.T) {
	for name, test := range map[string]struct {
		err     error
		fails   int
		checks  int
		settles bool
	}{
		"once":        {cut{true}, 1, 2, true},
		"again":       {fmt.Errorf("asking: %w", cut{true}), 3, 4, true},
		"for ever":    {cut{true}, 100, 4, false},
		"for certain": {cut{false}, 1, 1, false},
		"another":     {errors.New("no right"), 1, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				answers := []answer{{finding: Finding{State: Done}}}
				for range test.fails {
					answers = append([]answer{{err: test.err}}, answers...)
				}
				var calls []string
				found, err := checked(t.Context(), &scripted{checks: answers, calls: &calls})
				if len(calls) != test.checks || (err == nil) != test.settles || test.settles && found.State != Done {
					t.Errorf("%d checks, %+v, error %v", len(calls), found, err)
				}
				tries := 0
				err = Until(t.Context(), time.Minute, func(string) {}, func() ([]string, error) {
					if tries++; tries <= test.fails {
						return nil, test.err
					}
					return nil, nil
				}, "in vain: %s")
				if test.settles != (err == nil) && name != "for ever" {
					t.Errorf("the wait: error %v", err)
				}
			})
		})
	}
}
