package apply

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"gpk/pkg/plan"
)

// Outcome is what a finished operation tells. Its JSON is stable.
type Outcome struct {
	// Changed is the number of steps that had something to do.
	Changed int `json:"changed"`
	// Downtime is how long the database was down in seconds, from its stop until all segments answered again, if it was.
	Downtime float64 `json:"downtimeSeconds,omitempty"`
}

// Options of Run.
type Options struct {
	// Spec is the text of cluster.yaml with defaults, kept in the cluster's record. Empty: the record keeps its own.
	Spec string
	// Result is the text of cluster.yaml that is kept once everything is done, for an operation that changes what the cluster
	// is. Empty: it does not.
	Result string
	// Begun is kept from the first change on until everything is done, and keeps other operations from coming between.
	Begun *Unfinished
	// Window is the part of the plan that Begun is about. Without one that is all of it.
	Window Window
	// Conclude changes what else is kept of the cluster once everything is done. Nil: nothing.
	Conclude func(*Record)
	// Amid allows the operation while another one is unfinished: it changes nothing that matters to that, or leaves nothing of it.
	Amid bool
	// Accept is asked, with the lock held, whether the plan may be carried out on a cluster with this record. Nil: it may.
	Accept func(context.Context, Record) error
	// Waiting is told who holds the lock while gpk finds out whether that gpk still lives.
	Waiting func(holder string)
	// Remove deletes the lock and the record at the end: the cluster is no more.
	Remove bool
}

// Run takes the lock and carries a plan out.
func (t *Target) Run(ctx context.Context, p plan.Plan, options Options, observe Observer) (outcome Outcome, err error) {
	if err := t.unclaimed(ctx); err != nil {
		return Outcome{}, err
	}
	lock, held, err := t.acquire(ctx, options.Waiting)
	if err != nil {
		return Outcome{}, err
	}
	defer func() {
		if releaseErr := lock.release(options.Remove && err == nil); releaseErr != nil && err == nil {
			err = fmt.Errorf("everything is done, but the lock could not be given back: %w", releaseErr)
		}
	}()
	record, err := t.Record(held)
	// What cannot be read keeps nobody from taking everything away.
	if needless := options.Remove && options.Amid && spoiled(err); err != nil && !needless {
		return Outcome{}, err
	}
	if u := record.Unfinished; u != nil && !options.Amid && u.Operation != p.Operation {
		return Outcome{}, u.Refusal(t.Ref.Name)
	}
	if options.Accept != nil {
		if err := options.Accept(held, record); err != nil {
			return Outcome{}, err
		}
	}
	if p, err = t.adapted(held, p); err != nil {
		return Outcome{}, err
	}
	if u := record.Unfinished; u != nil && u.Operation != p.Operation {
		// The one that is amid the other leaves that as it is.
		options.Begun = nil
	}
	notes := &recorder{target: t, record: record, kept: record, operation: p.Operation}
	if options.Spec != "" {
		notes.record.Spec = options.Spec
	}
	notes.begun, notes.window = options.Begun, windowed{p, options.Window.Step}
	var out outage
	out.resumed(record)
	e := engine{
		handler: t.handler,
		journal: notes,
		observe: serial(out.watch(observe)),
		clock:   time.Now,
		doing:   t.doing,
	}
	defer t.between.Store(false)
	if !t.settled(held, p, e.observe) {
		outcome.Changed, err = e.run(held, p.Steps)
	}
	if err != nil {
		err = e.fallBack(held, options, notes, &out, err)
	}
	outcome.Downtime = math.Round(out.lasted.Seconds()*10) / 10
	if err == nil {
		err = notes.conclude(held, options)
	}
	if err == nil && options.Remove {
		err = t.Forget(held)
	}
	return outcome, err
}

// conclude keeps what the cluster is now that everything is done.
func (r *recorder) conclude(ctx context.Context, options Options) error {
	if options.Result != "" {
		r.record.Spec = options.Result
	}
	if options.Begun != nil {
		r.record.Unfinished = nil
	}
	if options.Conclude != nil {
		options.Conclude(&r.record)
	}
	if r.record.Spec == r.kept.Spec && r.record.Unfinished == r.kept.Unfinished && r.record.Previous == r.kept.Previous {
		return nil
	}
	return r.keep(ctx)
}

// settled says whether nothing is left to do, and tells the observer if so. It checks all steps at once, which is what makes
// a second create quick, until one of them is not done. Then it is the engine's turn, which checks one step after the other.
func (t *Target) settled(ctx context.Context, p plan.Plan, observe Observer) bool {
	previews, err := t.check(ctx, p, func(f Finding) error {
		if f.State != Done {
			return errUnsettled
		}
		return nil
	})
	if err != nil {
		return false
	}
	for _, preview := range previews {
		observe(Event{Kind: StepSkipped, Step: preview.Step, Finding: preview.Finding})
	}
	return true
}

var errUnsettled = errors.New("something is left to do")

// Preview is one step and what its Check found.
type Preview struct {
	Step    plan.Step
	Finding Finding
}

// Preview checks every step of a plan and changes nothing.
func (t *Target) Preview(ctx context.Context, p plan.Plan) ([]Preview, error) {
	p, err := t.adapted(ctx, p)
	if err != nil {
		return nil, err
	}
	return t.check(ctx, p, func(Finding) error { return nil })
}

// check checks every step at once, as long as what it finds goes.
func (t *Target) check(ctx context.Context, p plan.Plan, goes func(Finding) error) ([]Preview, error) {
	previews := make([]Preview, len(p.Steps))
	err := each(ctx, p.Steps, func(ctx context.Context, i int, step plan.Step) error {
		h, err := t.handler(step)
		if err != nil {
			return err
		}
		finding, err := checked(ctx, h)
		if err != nil {
			return &StepError{Step: step, Err: err}
		}
		previews[i] = Preview{step, finding}
		return goes(finding)
	})
	return previews, err
}

// serial makes an observer safe for handlers that report from several goroutines.
func serial(observe Observer) Observer {
	var mutex sync.Mutex
	return func(event Event) {
		mutex.Lock()
		defer mutex.Unlock()
		observe(event)
	}
}

// recorder is the journal in the cluster's record.
type recorder struct {
	target *Target
	record Record
	// kept is the record as it is in the cluster.
	kept      Record
	operation string
	// begun is kept from the first step of the window on.
	begun  *Unfinished
	window windowed
}

func (r *recorder) note(ctx context.Context, step plan.Step, event, detail string) error {
	if r.begun != nil && r.record.Unfinished == nil && r.window.inWindow(step.ID) {
		r.record.Unfinished = r.begun
	}
	r.record.Journal = append(r.record.Journal, Entry{time.Now().UTC(), r.operation, step.ID, event, detail})
	return r.keep(ctx)
}

func (r *recorder) keep(ctx context.Context) error {
	if err := r.target.keep(ctx, r.record); err != nil {
		return err
	}
	r.kept = r.record
	return nil
}

// handler is the one that carries out a step's action.
func (t *Target) handler(step plan.Step) (handler, error) {
	switch action := step.Action.(type) {
	case plan.Apply:
		if action.Spread != nil {
			return &spreadHandler{applyHandler{target: t, action: action}, nodePatience}, nil
		}
		return &applyHandler{target: t, action: action}, nil
	case plan.Keys:
		return &keysHandler{t, action}, nil
	case plan.Running:
		return &runningHandler{target: t, action: action, patience: podPatience}, nil
	case plan.Ready:
		return &readyHandler{t, action}, nil
	case plan.Image:
		return &imageHandler{t, action}, nil
	case plan.Reach:
		return &reachHandler{target: t, action: action}, nil
	case plan.Initialise:
		return &initialiseHandler{target: t, action: action}, nil
	case plan.Standby:
		return &standbyHandler{target: t, action: action}, nil
	case plan.Database:
		return &databaseHandler{t, action}, nil
	case plan.Configure:
		return &configureHandler{t, action}, nil
	case plan.Passwords:
		return &passwordsHandler{t, action}, nil
	case plan.Roles:
		return &rolesHandler{t, action}, nil
	case plan.Expose:
		return &exposeHandler{t, action}, nil
	case plan.Synced:
		return &syncedHandler{t}, nil
	case plan.Verify:
		return &verifyHandler{target: t, action: action}, nil
	case plan.Remove:
		return &removeHandler{t, action}, nil
	}
	if h := t.beforehandHandler(step.Action); h != nil {
		return h, nil
	}
	if h := t.recoveryHandler(step.Action); h != nil {
		return h, nil
	}
	if h := t.windowHandler(step.Action); h != nil {
		return h, nil
	}
	if h := t.expansionHandler(step.Action); h != nil {
		return h, nil
	}
	return nil, errors.New("gpk has no handler for this step: please report it")
}

// beforehandHandler is the one that looks whether what is to be made can be, nil for an action that makes something.
func (t *Target) beforehandHandler(action plan.Action) handler {
	switch action := action.(type) {
	case plan.Capacity:
		return &capacityHandler{t, action}
	case plan.Admissible:
		return &admissibleHandler{t, action}
	}
	return nil
}
