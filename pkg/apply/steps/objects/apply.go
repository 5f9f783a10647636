package objects

import (
	"context"
	"slices"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/plan"
)

// applyHandler makes objects as given, by server-side apply. A large cluster has thousands: gpk lists the live objects by kind, and does
// not compare an object again that is still what the server answered to Do.
type applyHandler struct {
	kube   *kube.Client
	action plan.Apply
	// answers are what the server answered to each object in Do, by index.
	answers []plan.Object
}

func (h *applyHandler) Check(ctx context.Context) (engine.Finding, error) {
	live, err := h.kube.LiveAll(ctx, h.action.Objects)
	if err != nil {
		return engine.Finding{}, err
	}
	if found := h.kube.ForeignAmong(h.action.Objects, live); len(found) > 0 {
		return kube.ForeignFinding(found...), nil
	}
	differences, refused := make([]string, len(h.action.Objects)), make([]string, len(h.action.Objects))
	err = engine.Each(ctx, h.action.Objects, func(ctx context.Context, i int, object plan.Object) (err error) {
		switch {
		case live[i] == nil:
			differences[i] = kube.ObjectName(object) + " is missing"
		case otherClaims(live[i], object):
			// The server refuses to compare the two, since nobody can change claim templates. Another step deletes the old set.
			differences[i] = kube.ObjectName(object) + " makes claims of another size"
		case h.answers != nil && h.answers[i] != nil && h.answers[i].GetUID() == live[i].GetUID() &&
			h.answers[i].GetResourceVersion() == live[i].GetResourceVersion():
		default:
			differences[i], err = h.kube.Difference(ctx, object, kube.Manager)
		}
		if refused[i] = kube.Refusal(object, err); refused[i] != "" {
			return nil
		}
		return err
	})
	if err != nil {
		return engine.Finding{}, err
	}
	if found := engine.NonEmpty(refused); len(found) > 0 {
		return engine.Finding{State: engine.Blocked, Details: found, Next: engine.Next(kube.RefusedNext)}, nil
	}
	return engine.PendingIf(engine.NonEmpty(differences)), nil
}

func (h *applyHandler) Do(ctx context.Context, _ func(string)) error {
	h.answers = make([]plan.Object, len(h.action.Objects))
	return engine.Each(ctx, h.action.Objects, func(ctx context.Context, i int, object plan.Object) (err error) {
		h.answers[i], err = h.kube.Apply(ctx, object, kube.Manager, false)
		return err
	})
}

// Compared are the fields that applying the objects would change.
func (h *applyHandler) Compared(ctx context.Context) ([]engine.Drift, error) {
	found := make([][]engine.Drift, len(h.action.Objects))
	err := engine.Each(ctx, h.action.Objects, func(ctx context.Context, i int, object plan.Object) (err error) {
		found[i], err = compared(ctx, h.kube, object)
		return err
	})
	return slices.Concat(found...), err
}

func compared(ctx context.Context, k *kube.Client, object plan.Object) ([]engine.Drift, error) {
	name := kube.ObjectName(object)
	differences, missing, err := k.Differences(ctx, object, kube.Manager)
	if drift, foreign := kube.ForeignDrift(err); foreign {
		drift.Object = name
		return []engine.Drift{drift}, nil
	}
	if refused := kube.Refusal(object, err); refused != "" {
		return []engine.Drift{{Object: name, Found: refused, Next: engine.Next(kube.RefusedNext)}}, nil
	}
	if missing {
		return []engine.Drift{{Object: name, Found: name + " is missing"}}, nil
	}
	var found []engine.Drift
	for _, difference := range differences {
		found = append(found, engine.Drift{Object: name, Difference: difference})
	}
	return found, err
}

// presentHandler makes missing objects, and changes none.
type presentHandler struct {
	kube   *kube.Client
	action plan.Present
}

func (h *presentHandler) Check(ctx context.Context) (engine.Finding, error) {
	missing, err := h.missing(ctx)
	var details []string
	for _, object := range missing {
		details = append(details, kube.ObjectName(object)+" is missing")
	}
	return engine.PendingIf(details), err
}

func (h *presentHandler) missing(ctx context.Context) ([]plan.Object, error) {
	live, err := h.kube.LiveAll(ctx, h.action.Objects)
	var missing []plan.Object
	for i := range live {
		if live[i] == nil {
			missing = append(missing, h.action.Objects[i])
		}
	}
	return missing, err
}

func (h *presentHandler) Do(ctx context.Context, progress func(string)) error {
	missing, err := h.missing(ctx)
	if err != nil {
		return err
	}
	return (&applyHandler{kube: h.kube, action: plan.Apply{Objects: missing}}).Do(ctx, progress)
}
