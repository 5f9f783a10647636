package apply

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

// InTheWayError is what a new cluster cannot be made for. Nothing has been made.
type InTheWayError struct {
	Cluster string
	// Found are the steps that are blocked, two or more.
	Found []engine.Preview
}

// Error says how much there is. The findings have the rest.
func (e *InTheWayError) Error() string {
	return fmt.Sprintf("%d steps of create are blocked; nothing of %s was made", len(e.Found), e.Cluster)
}

// Check looks at all that create needs for the cluster of a file, and tells all that it finds at once. It makes nothing but a short-lived
// pod. The answer has the looks, and of the steps of create those that are blocked.
func Check(ctx context.Context, t *Target, c *topology.Cluster, options CreateOptions, tell Observers) ([]engine.Preview, error) {
	var taken []engine.Preview
	kept, err := t.store.Record(ctx)
	switch foreign, ok := errors.AsType[engine.Blocking](err); {
	case ok:
		taken = append(taken, engine.Preview{Step: plan.Step{ID: "record", Title: "record of the cluster"}, Finding: foreign.Blocks()})
	case err == nil:
		err = acceptable(ctx, t, kept, c, options)
	}
	if err != nil && len(taken) == 0 && !apierrors.IsForbidden(err) {
		return nil, err
	}
	p, err := options.looks(ctx, t, c)
	if err != nil {
		return nil, err
	}
	found, err := t.handlers.Look(ctx, p.Steps, tell.Observe)
	return told(append(taken, found...)), err
}

// looks is the plan of a check, as this API server can carry it out.
func (o CreateOptions) looks(ctx context.Context, t *Target, c *topology.Cluster) (plan.Plan, error) {
	p, err := plan.Check(c)
	if err != nil {
		return p, err
	}
	return t.adapted(ctx, o.without(p))
}

// told are the looks and, of other steps, those that are in the way. A missing right ends many steps; the look at the rights tells it.
func told(all []engine.Preview) []engine.Preview {
	lacking := false
	for _, preview := range all {
		_, rights := preview.Step.Action.(plan.Allowed)
		lacking = lacking || rights && preview.Finding.State == engine.Blocked
	}
	var left []engine.Preview
	for _, preview := range all {
		refusal := preview.Refusal()
		if refusal != nil && lacking && apierrors.IsForbidden(refusal) {
			continue
		}
		if refusal != nil || preview.Step.IsLook() {
			left = append(left, preview)
		}
	}
	return left
}

// lookFirst looks at what a new cluster needs before anything of it is made, and tells all that is in the way at once. An error of a look
// is left to the step that meets it again.
func lookFirst(ctx context.Context, t *Target, c *topology.Cluster, options CreateOptions, tell Observers) error {
	p, err := options.looks(ctx, t, c)
	if err != nil {
		return err
	}
	found, err := t.handlers.Look(ctx, p.Looks().Steps, tell.Observe)
	if err != nil {
		return err
	}
	var blocked []engine.Preview
	for _, preview := range found {
		switch preview.Step.Action.(type) {
		case plan.Allowed, plan.Kubernetes, plan.Inspected:
			// create has no step of its own that tells these notes.
			if f := preview.Finding; f.State == engine.Done && len(f.Details) > 0 {
				tell.Observe(engine.Event{Kind: engine.StepSkipped, Step: preview.Step, Finding: f})
			}
		}
		if preview.Finding.State == engine.Blocked {
			blocked = append(blocked, preview)
		}
	}
	switch len(blocked) {
	case 0:
		return nil
	case 1:
		return blocked[0].Refusal()
	}
	return &InTheWayError{t.Ref.Name, blocked}
}
