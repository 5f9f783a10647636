package objects

import (
	"context"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/plan"
)

// admissibleHandler says no to what the API server would refuse, by a dry run of all StatefulSets. It has nothing to do: its Check
// is either done or blocked. What cannot be found out that way is for the step that applies them to say.
type admissibleHandler struct {
	engine.Nothing
	kube   *kube.Client
	action plan.Admissible
}

func (h *admissibleHandler) Check(ctx context.Context) (engine.Finding, error) {
	wanted := make([]plan.Object, len(h.action.Sets))
	for i, set := range h.action.Sets {
		wanted[i] = set
	}
	live, err := h.kube.LiveAll(ctx, wanted)
	if reason := kube.Undecided(err); reason != "" {
		return unasked(reason), nil
	}
	if err != nil {
		return engine.Finding{}, err
	}
	if found := h.kube.ForeignAmong(wanted, live); len(found) > 0 {
		return kube.ForeignFinding(found...), nil
	}
	refused, undecideds := make([]string, len(wanted)), make([]string, len(wanted))
	err = engine.Each(ctx, h.action.Sets, func(ctx context.Context, i int, set *appsv1.StatefulSet) error {
		_, err := h.kube.Apply(ctx, withClaimsOf(live[i], set), kube.Manager, true)
		refused[i], undecideds[i] = kube.Refusal(set, err), kube.Undecided(err)
		if refused[i] != "" || undecideds[i] != "" {
			return nil
		}
		return err
	})
	switch found, reasons := engine.NonEmpty(refused), engine.NonEmpty(undecideds); {
	case err != nil:
		return engine.Finding{}, err
	case len(found) > 0:
		return engine.Finding{State: engine.Blocked, Details: found, Next: h.next(found)}, nil
	case len(reasons) > 0:
		return unasked(reasons[0]), nil
	}
	return engine.Finding{State: engine.Done}, nil
}

// next is what to type where StatefulSets are refused.
func (h *admissibleHandler) next(found []string) engine.Advice {
	const nothing = "nothing was changed: mend cluster.yaml"
	if !slices.ContainsFunc(found, func(f string) bool { return strings.Contains(f, "spec.template") }) {
		return engine.Next(nothing, ", or whatever forbids it in the cluster, and run this again")
	}
	next := engine.Next(nothing, " and run this again; what has no field of its own there comes from spec.podTemplate")
	if h.action.Made {
		return engine.Next(next, ", which ", plan.Gpk("create", "-f", "cluster.yaml", "--update"), " changes first")
	}
	return next
}

// withClaimsOf is a StatefulSet with the claim templates of the one that is there, if these are of another size: nobody can change
// them, and the step that replaces such a set comes later.
func withClaimsOf(live plan.Object, set *appsv1.StatefulSet) *appsv1.StatefulSet {
	if !otherClaims(live, set) {
		return set
	}
	set = set.DeepCopy()
	set.Spec.VolumeClaimTemplates = live.(*appsv1.StatefulSet).Spec.VolumeClaimTemplates
	return set
}

// unasked is done all the same, with a note: whoever applies the sets will find out.
func unasked(reason string) engine.Finding {
	return engine.Finding{State: engine.Done, Details: []string{"whether the API server takes the stateful sets was not checked: " + reason}}
}
