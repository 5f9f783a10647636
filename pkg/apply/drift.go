package apply

import (
	"context"
	"reflect"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/plan"
)

// Drift is one thing in the cluster that is not as a plan wants it.
type Drift struct {
	// Step is the one that would mend it.
	Step plan.Step
	// Object is the object whose field differs, as kubectl names it; empty for what is not about an object.
	Object string
	// Difference is the field: from what is there to what is wanted. It has no Field where Found says it all.
	plan.Difference
	// Found is in words what the step's Check found.
	Found string
	// Command mends it, where that is not the step's business.
	Command string
	// Next is what a person must decide, if the step is blocked.
	Next string
	// unknown is set where nothing can be found out before earlier steps are done. If these have a drift it says enough.
	unknown bool
}

// Drift compares the cluster with a plan: objects field by field with what the server says that applying them would
// make, everything else by the facts. It changes nothing. What several steps find is told of the first one only.
func (t *Target) Drift(ctx context.Context, p plan.Plan) ([]Drift, error) {
	p, err := t.adapted(ctx, p)
	if err != nil {
		return nil, err
	}
	found := make([][]Drift, len(p.Steps))
	err = each(ctx, p.Steps, func(ctx context.Context, i int, step plan.Step) (err error) {
		if found[i], err = t.handlers.drift(ctx, step); err != nil {
			return &StepError{Step: step, Err: err}
		}
		return nil
	})
	var all []Drift
	seen := map[string]bool{}
	for _, d := range slices.Concat(found...) {
		if d.unknown && len(all) > 0 || d.Found != "" && seen[d.Found] {
			continue
		}
		seen[d.Found] = true
		all = append(all, d)
	}
	return all, err
}

// comparer is a handler that compares what it makes field by field, instead of by its Check.
type comparer interface {
	compared(ctx context.Context) ([]Drift, error)
}

// drift is what differs from what a step wants.
func (r handlers) drift(ctx context.Context, step plan.Step) ([]Drift, error) {
	h, err := r.of(step)
	if err != nil {
		return nil, err
	}
	var found []Drift
	if c, ok := h.(comparer); ok {
		found, err = c.compared(ctx)
	} else if finding, failure := checked(ctx, h); failure != nil {
		err = failure
	} else if finding.State != Done {
		found = told(finding)
	}
	for i := range found {
		found[i].Step = step
	}
	return found, err
}

// told is what a Check has found, if that is not that all is done.
func told(finding Finding) []Drift {
	var found []Drift
	for _, detail := range finding.Details {
		found = append(found, Drift{Found: detail, Next: finding.Next, unknown: finding.State == Unknown})
	}
	return found
}

// differences says which fields applying an object would change, and whether it is missing altogether. Nobody is told the
// values of a Secret.
func (t *Target) differences(ctx context.Context, object plan.Object, owner string) (found []plan.Difference, missing bool, err error) {
	live, wanted, err := t.compare(ctx, object, owner)
	if err != nil || live == nil {
		return nil, err == nil, err
	}
	withoutServersOwn(live)
	withoutServersOwn(wanted)
	found = plan.Differences(live, wanted)
	if _, secret := object.(*corev1.Secret); secret {
		for i := range found {
			found[i].From, found[i].To = "(not shown)", "(not shown)"
		}
	}
	return found, false, nil
}

// compare gives an object as it is, nil if it is not, and as applying it would make it, both of one moment: a controller that
// writes between the two looks would seem to be a difference. One of somebody else's is an error.
func (t *Target) compare(ctx context.Context, object plan.Object, owner string) (live, wanted plan.Object, err error) {
	const attempts = 5
	for range attempts {
		if live, err = t.live(ctx, object); err != nil || live == nil {
			return nil, nil, err
		}
		if err := refuse(t.foreign(kindName(object), live)); err != nil {
			return nil, nil, err
		}
		if wanted, err = t.apply(ctx, object, owner, true); err != nil {
			return nil, nil, err
		}
		if wanted.GetResourceVersion() == live.GetResourceVersion() {
			break
		}
	}
	return live, wanted, nil
}

// withoutServersOwn takes away what the server and its controllers keep for themselves, and may change between two looks.
func withoutServersOwn(object plan.Object) {
	object.SetManagedFields(nil)
	object.SetResourceVersion("")
	object.SetGeneration(0)
	if status := reflect.ValueOf(object).Elem().FieldByName("Status"); status.IsValid() {
		status.SetZero()
	}
}
