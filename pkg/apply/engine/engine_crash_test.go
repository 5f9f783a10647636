package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"gpk/pkg/plan"
)

// world is what outlives a crash: the facts, of which each step has one. It is in no process.
type world struct {
	// halves counts how often a step's effect was begun, wholes how often it was finished.
	halves, wholes map[string]int
	half           map[string]bool
	journal        []string
	violations     []string
}

func newWorld() *world {
	return &world{halves: map[string]int{}, wholes: map[string]int{}, half: map[string]bool{}}
}

// died is what a process that is killed panics with here: nothing after that point happens.
type died struct{}

// process is one run of gpk. It dies at its nth point of interest.
type process struct {
	world *world
	dieAt int
	at    int
}

func (p *process) point() {
	if p.at == p.dieAt {
		panic(died{})
	}
	p.at++
}

// worldStep is a step of the world: its effect has two halves, and a half of it can be left behind by a crash.
type worldStep struct {
	process *process
	step    plan.Step
	before  []plan.Step
	lies    bool
}

func (s *worldStep) Check(context.Context) (Finding, error) {
	s.process.point()
	w := s.process.world
	if w.wholes[s.step.ID] > 0 {
		return Finding{State: Done}, nil
	}
	return Finding{State: Pending, Details: []string{"missing"}}, nil
}

func (s *worldStep) Do(_ context.Context, progress func(string)) error {
	w, id := s.process.world, s.step.ID
	if s.step.Class == plan.Once && w.wholes[id] > 0 {
		w.violations = append(w.violations, id+" is carried out although it has been")
	}
	for _, earlier := range s.before {
		if w.wholes[earlier.ID] == 0 {
			w.violations = append(w.violations, id+" is carried out before "+earlier.ID)
		}
	}
	if len(w.journal) == 0 || w.journal[len(w.journal)-1] != id+" started" {
		w.violations = append(w.violations, fmt.Sprintf("%s is carried out without a note: %q", id, w.journal))
	}
	s.process.point()
	w.half[id] = true
	w.halves[id]++
	progress("half of it")
	s.process.point()
	w.half[id] = false
	w.wholes[id]++
	s.process.point()
	if s.lies {
		return errors.New("exit status 1")
	}
	return nil
}

func (p *process) Note(_ context.Context, step plan.Step, event, _ string) error {
	p.point()
	p.world.journal = append(p.world.journal, step.ID+" "+event)
	p.point()
	return nil
}

// run is one gpk from its start to its end or death.
func (p *process) run(ctx context.Context, steps []plan.Step) (alive bool, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			if _, killed := cause.(died); !killed {
				panic(cause)
			}
			alive = false
		}
	}()
	e := Engine{
		Handler: func(step plan.Step) (Handler, error) {
			p.point()
			i := slices.IndexFunc(steps, func(s plan.Step) bool { return s.ID == step.ID })
			return &worldStep{process: p, step: step, before: steps[:i], lies: step.ID == "initialise"}, nil
		},
		Journal: p,
		Doing:   func(bool) {},
		Observe: func(Event) { p.point() },
		Clock:   time.Now,
	}
	_, err = e.Run(ctx, steps)
	return true, err
}

// A gpk that dies anywhere, and the next one too, leaves a world that a third one finishes: nothing is carried out twice that
// must not be, out of order, or unnoted.
func TestEngineCrashesAnywhere(t *testing.T) {
	steps := []plan.Step{{ID: "objects", Class: plan.Converge}, {ID: "initialise", Class: plan.Once}, {ID: "standby", Class: plan.Once},
		{ID: "verify", Class: plan.Converge}}
	never := 1 << 30
	whole := &process{world: newWorld(), dieAt: never}
	if _, err := whole.run(t.Context(), steps); err != nil {
		t.Fatal(err)
	}
	runs := 0
	for first := 0; ; first++ {
		once := newWorld()
		if alive, err := (&process{world: once, dieAt: first}).run(t.Context(), steps); alive {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
		for second := 0; ; second++ {
			w := copyWorld(once)
			alive, _ := (&process{world: w, dieAt: second}).run(t.Context(), steps)
			if _, err := (&process{world: w, dieAt: never}).run(t.Context(), steps); err != nil {
				t.Fatalf("killed at points %d and %d: the third run ends with %v", first, second, err)
			}
			judge(t, w, steps, fmt.Sprintf("killed at points %d and %d", first, second))
			if runs++; alive {
				break
			}
		}
	}
	// As many points as the whole run has, and each of them met.
	if runs < whole.at*whole.at/4 || whole.at < 40 {
		t.Errorf("%d runs of %d points are too few to mean anything", runs, whole.at)
	}
}

func judge(t *testing.T, w *world, steps []plan.Step, when string) {
	t.Helper()
	for _, violation := range w.violations {
		t.Errorf("%s: %s", when, violation)
	}
	for _, step := range steps {
		if w.wholes[step.ID] != 1 || w.half[step.ID] {
			t.Errorf("%s: %s was finished %d times, half of it left: %t", when, step.ID, w.wholes[step.ID], w.half[step.ID])
		}
		if w.halves[step.ID] > 3 {
			t.Errorf("%s: %s was begun %d times by three runs", when, step.ID, w.halves[step.ID])
		}
	}
}

func copyWorld(w *world) *world {
	return &world{maps.Clone(w.halves), maps.Clone(w.wholes), maps.Clone(w.half), slices.Clone(w.journal), slices.Clone(w.violations)}
}
