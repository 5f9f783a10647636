package apply

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/record"
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
	// Result is the text of cluster.yaml that is kept once everything is done. Empty: the operation does not change it.
	Result string
	// Begun is kept from the first change on until everything is done, and keeps other operations from coming between.
	Begun *record.Unfinished
	// Window is the id of the first step that Begun is about; it takes the database down. Empty: Begun is about all steps.
	Window string
	// Fallback is carried out when a step from Window on fails, unless gpk was interrupted or has no time left: then the same
	// command goes on. Its steps lead back to what was there before. Nil: there is no way back.
	Fallback *plan.Plan
	// Conclude changes what else is kept of the cluster once everything is done. Nil: nothing.
	Conclude func(*record.Record)
	// Amid allows the operation while another one is unfinished: it changes nothing that matters to that, or leaves nothing of it.
	Amid bool
	// Accept is asked, with the lock held, whether the plan may be carried out on a cluster with this record. Nil: it may.
	Accept func(context.Context, record.Record) error
	// Remove deletes the lock and the record at the end: the cluster is no more.
	Remove bool
}

// Run takes the lock and carries a plan out.
func (t *Target) Run(ctx context.Context, p plan.Plan, options Options, tell Observers) (outcome Outcome, err error) {
	if err := t.store.RefuseForeign(ctx); err != nil {
		return Outcome{}, err
	}
	lock, held, err := t.store.Acquire(ctx, tell.Waiting)
	if err != nil {
		return Outcome{}, err
	}
	defer func() {
		if releaseErr := lock.Release(options.Remove && err == nil); releaseErr != nil && err == nil {
			err = fmt.Errorf("everything is done, but the lock could not be given back: %w", releaseErr)
		}
	}()
	kept, err := t.store.Record(held)
	// What cannot be read keeps nobody from taking everything away.
	if needless := options.Remove && options.Amid && record.IsUnreadable(err); err != nil && !needless {
		return Outcome{}, err
	}
	if err := t.accepts(held, p.Operation, kept, options); err != nil {
		return Outcome{}, err
	}
	if p, options.Fallback, err = t.bothAdapted(held, p, options.Fallback); err != nil {
		return Outcome{}, err
	}
	if u := kept.Unfinished; u != nil && u.Operation != p.Operation {
		// The one that is amid the other leaves that as it is.
		options.Begun = nil
	}
	notes := t.store.Journal(kept, p)
	if options.Spec != "" {
		notes.Record.Spec = options.Spec
	}
	notes.Begun, notes.Window = options.Begun, options.Window
	var out outage
	out.resumed(kept)
	e := engine.Engine{
		Handler: t.handlers.Of,
		Journal: notes,
		Observe: engine.Serial(out.watch(tell.Observe)),
		Clock:   time.Now,
		Doing:   t.db.Doing,
	}
	defer t.db.PlanEnded()
	defer t.backups.Close()
	if !e.Settled(held, p.Steps) {
		outcome.Changed, err = e.Run(held, p.Steps)
	}
	if err != nil {
		err = fallBack(held, &e, options, notes, &out, err)
	}
	outcome.Downtime = math.Round(out.lasted.Seconds()*10) / 10
	if err == nil {
		err = notes.Conclude(held, options.concluded)
	}
	if err == nil && options.Remove {
		err = t.store.Forget(held)
	}
	return outcome, err
}

// accepts refuses an operation that the cluster is not ready for, with the lock held.
func (t *Target) accepts(ctx context.Context, operation string, kept record.Record, options Options) error {
	if err := t.refuseEarlier(ctx, operation); err != nil {
		return err
	}
	if u := kept.Unfinished; u != nil && !options.Amid && u.Operation != operation {
		return u.Refusal(t.kube.Ref.Name)
	}
	if options.Accept != nil {
		return options.Accept(ctx, kept)
	}
	return nil
}

// concluded is the record of a cluster once everything is done.
func (o Options) concluded(r *record.Record) {
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

// Preview checks every step of a plan and changes nothing.
func (t *Target) Preview(ctx context.Context, p plan.Plan) ([]engine.Preview, error) {
	if err := t.refuseEarlier(ctx, p.Operation); err != nil {
		return nil, err
	}
	p, err := t.adapted(ctx, p)
	if err != nil {
		return nil, err
	}
	return t.handlers.Preview(ctx, p.Steps)
}

// bothAdapted are a plan and the way back from it, which may be nil, as this API server can carry them out.
func (t *Target) bothAdapted(ctx context.Context, p plan.Plan, back *plan.Plan) (plan.Plan, *plan.Plan, error) {
	p, err := t.adapted(ctx, p)
	if err != nil || back == nil {
		return p, back, err
	}
	adapted, err := t.adapted(ctx, *back)
	return p, &adapted, err
}

// adapted is the plan as this API server can carry it out. An old one drops matchLabelKeys in anti-affinity without a word, or refuses
// the object for it: a dry run of one StatefulSet tells. What else is wrong with that is for the step admissible to say.
func (t *Target) adapted(ctx context.Context, p plan.Plan) (plan.Plan, error) {
	set := p.PairRule()
	if set == nil {
		return p, nil
	}
	answer, err := t.kube.Apply(ctx, set, kube.Manager, true)
	switch {
	case ctx.Err() != nil:
		return p, context.Cause(ctx)
	case err != nil && !strings.Contains(err.Error(), "matchLabelKeys"):
		return p, nil
	case err == nil && plan.PairRuleIn(answer.(*appsv1.StatefulSet)):
		return p, nil
	}
	return p.RoleWide(), nil
}
