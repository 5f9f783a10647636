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
		switch action := step.Action.(type) {
		case plan.Apply:
			found[i], err = t.objectDrift(ctx, step, action.Objects)
		case plan.Kept:
			found[i], err = t.settingDrift(ctx, step, action.Settings)
		default:
			found[i], err = t.factDrift(ctx, step)
		}
		if err != nil {
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

func (t *Target) objectDrift(ctx context.Context, step plan.Step, objects []plan.Object) ([]Drift, error) {
	found := make([][]Drift, len(objects))
	err := each(ctx, objects, func(ctx context.Context, i int, object plan.Object) error {
		name := objectName(object)
		differences, missing, err := t.differences(ctx, object, manager)
		if drift, foreign := ForeignDrift(err); foreign {
			drift.Step, drift.Object = step, name
			found[i] = []Drift{drift}
			return nil
		}
		refused := refusal(object, err)
		switch {
		case missing:
			found[i] = []Drift{{Step: step, Object: name, Found: name + " is missing"}}
		case refused != "":
			found[i], err = []Drift{{Step: step, Object: name, Found: refused, Next: refusedNext}}, nil
		}
		for _, difference := range differences {
			found[i] = append(found[i], Drift{Step: step, Object: name, Difference: difference})
		}
		return err
	})
	return slices.Concat(found...), err
}

func (t *Target) factDrift(ctx context.Context, step plan.Step) ([]Drift, error) {
	h, err := t.handler(step)
	if err != nil {
		return nil, err
	}
	finding, err := checked(ctx, h)
	if err != nil || finding.State == Done {
		return nil, err
	}
	return told(step, finding), nil
}

// told is what a Check has found, if that is not that all is done.
func told(step plan.Step, finding Finding) []Drift {
	var found []Drift
	for _, detail := range finding.Details {
		found = append(found, Drift{Step: step, Found: detail, Next: finding.Next, unknown: finding.State == Unknown})
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
