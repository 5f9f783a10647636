package objects

import (
	"context"
	"slices"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/plan"
)

// applyHandler makes objects be as given, by server-side apply. In a large cluster they are thousands, so what is there is
// listed by kind and not asked for one by one, and what the server has answered to Do is not asked again.
type applyHandler struct {
	kube   *kube.Client
	pods   *pods.Pods
	action plan.Apply
	// answers are what the server made of each object in Do, by index.
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
			// The server would refuse to compare the two: nobody can change it, and a step of its own takes the old one away.
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

// Compared says of each object which fields applying it would change.
func (h *applyHandler) Compared(ctx context.Context) ([]engine.Drift, error) {
	found := make([][]engine.Drift, len(h.action.Objects))
	err := engine.Each(ctx, h.action.Objects, func(ctx context.Context, i int, object plan.Object) error {
		name := kube.ObjectName(object)
		differences, missing, err := h.kube.Differences(ctx, object, kube.Manager)
		if drift, foreign := kube.ForeignDrift(err); foreign {
			drift.Object = name
			found[i] = []engine.Drift{drift}
			return nil
		}
		refused := kube.Refusal(object, err)
		switch {
		case missing:
			found[i] = []engine.Drift{{Object: name, Found: name + " is missing"}}
		case refused != "":
			found[i], err = []engine.Drift{{Object: name, Found: refused, Next: engine.Next(kube.RefusedNext)}}, nil
		}
		for _, difference := range differences {
			found[i] = append(found[i], engine.Drift{Object: name, Difference: difference})
		}
		return err
	})
	return slices.Concat(found...), err
}
