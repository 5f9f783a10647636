package objects

import (
	"context"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/plan"
)

// admissibleHandler blocks what the API server would refuse, by a dry run of all StatefulSets, and of a pod of each: rules on pods, such
// as a LimitRange, do not look at StatefulSets. The step that applies the sets reports what a dry run does not find.
type admissibleHandler struct {
	engine.Nothing
	kube   *kube.Client
	pods   *pods.Pods
	action plan.Admissible
}

func (h *admissibleHandler) Check(ctx context.Context) (engine.Finding, error) {
	wanted := objectsOf(h.action.Sets)
	live, err := h.kube.LiveAll(ctx, wanted)
	if reason := kube.Undecided(err); reason != "" {
		return notChecked(reason), nil
	}
	if err != nil {
		return engine.Finding{}, err
	}
	if found := h.kube.ForeignAmong(wanted, live); len(found) > 0 {
		return kube.ForeignFinding(found...), nil
	}
	refused, undecided := make([]string, len(wanted)), make([]string, len(wanted))
	answers := make([]*appsv1.StatefulSet, len(wanted))
	err = engine.Each(ctx, h.action.Sets, func(ctx context.Context, i int, set *appsv1.StatefulSet) error {
		answer, err := h.kube.Apply(ctx, withClaimsOf(live[i], set), kube.Manager, true)
		refused[i], undecided[i] = kube.Refusal(set, err), kube.Undecided(err)
		if refused[i] != "" || undecided[i] != "" {
			return nil
		}
		if err == nil {
			answers[i] = answer.(*appsv1.StatefulSet)
		}
		return err
	})
	switch found, reasons := engine.NonEmpty(refused), engine.NonEmpty(undecided); {
	case err != nil:
		return engine.Finding{}, err
	case len(found) > 0:
		return engine.Finding{State: engine.Blocked, Details: found, Next: h.next(found)}, nil
	case len(reasons) > 0:
		return notChecked(reasons[0]), nil
	}
	return h.checkPods(ctx, answers)
}

// next is the advice about refused StatefulSets.
func (h *admissibleHandler) next(found []string) engine.Advice {
	const correct = "nothing was changed: correct cluster.yaml"
	if !h.action.Made && slices.ContainsFunc(found, onUsers) {
		return engine.Next("nothing was changed: give spec.user in cluster.yaml a user that the namespace allows, or `assigned: true` " +
			"if it assigns one, and run this again")
	}
	if !slices.ContainsFunc(found, func(f string) bool { return strings.Contains(f, "spec.template") }) {
		return engine.Next(correct, ", or the rule of the Kubernetes cluster that forbids it, and run this again")
	}
	next := engine.Next(correct, " and run this again; fields that it does not have come from spec.podTemplate")
	if h.action.Made {
		return engine.Next(next, ", which you change first with ", plan.Gpk("create", "-f", "cluster.yaml", "--update"))
	}
	return next
}

// onUsers says whether a refusal is of the users that pods ask for. The words are those of policies, and of OpenShift's constraints.
func onUsers(refused string) bool {
	return slices.ContainsFunc([]string{"runAsUser", "runAsGroup", "fsGroup", "security context constraint"},
		func(word string) bool { return strings.Contains(refused, word) })
}

// withClaimsOf is a StatefulSet with the claim templates of the live one, if these have another size: nobody can change them, and a
// later step replaces such a set.
func withClaimsOf(live plan.Object, set *appsv1.StatefulSet) *appsv1.StatefulSet {
	if !otherClaims(live, set) {
		return set
	}
	set = set.DeepCopy()
	set.Spec.VolumeClaimTemplates = live.(*appsv1.StatefulSet).Spec.VolumeClaimTemplates
	return set
}

// notChecked is done, with a note: the step that applies the sets will find out.
func notChecked(reason string) engine.Finding {
	return unchecked("stateful sets", reason)
}

func unchecked(what, reason string) engine.Finding {
	return engine.Finding{State: engine.Done, Details: []string{"gpk did not check whether the API server takes the " + what + ": " + reason}}
}
