package apply

import (
	"context"
	"fmt"
	"math"
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
		handler: t.handlers.of,
		journal: notes,
		observe: serial(out.watch(observe)),
		clock:   time.Now,
		doing:   t.doing,
	}
	defer t.atRest()
	if !e.settled(held, p.Steps) {
		outcome.Changed, err = e.run(held, p.Steps)
	}
	if err != nil {
		err = fallBack(held, &e, options, notes, &out, err)
	}
	outcome.Downtime = math.Round(out.lasted.Seconds()*10) / 10
	if err == nil {
		err = notes.conclude(held, options.concluded)
	}
	if err == nil && options.Remove {
		err = t.Forget(held)
	}
	return outcome, err
}

// concluded is the record of a cluster once everything is done.
func (o Options) concluded(r *Record) {
	if o.Result != "" {
		r.Spec = o.Result
	}
	if o.Begun != nil {
		r.Unfinished = nil
	}
	if o.Conclude != nil {
		o.Conclude(r)
	}
}

// conclude keeps what the cluster is now that everything is done.
func (r *recorder) conclude(ctx context.Context, change func(*Record)) error {
	change(&r.record)
	if r.record.Spec == r.kept.Spec && r.record.Unfinished == r.kept.Unfinished && r.record.Previous == r.kept.Previous {
		return nil
	}
	return r.keep(ctx)
}

// Preview checks every step of a plan and changes nothing.
func (t *Target) Preview(ctx context.Context, p plan.Plan) ([]Preview, error) {
	p, err := t.adapted(ctx, p)
	if err != nil {
		return nil, err
	}
	return t.handlers.preview(ctx, p.Steps)
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
