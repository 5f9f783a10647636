package apply

import (
	"context"
	"errors"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"gpk/pkg/plan"
)

// admissibleHandler says no to what the API server would refuse, by a dry run of all StatefulSets. It has nothing to do: its Check
// is either done or blocked. What cannot be found out that way is for the step that applies them to say.
type admissibleHandler struct {
	nothing
	target *Target
	action plan.Admissible
}

func (h *admissibleHandler) Check(ctx context.Context) (Finding, error) {
	wanted := make([]plan.Object, len(h.action.Sets))
	for i, set := range h.action.Sets {
		wanted[i] = set
	}
	live, err := h.target.liveAll(ctx, wanted)
	if reason := undecided(err); reason != "" {
		return unasked(reason), nil
	}
	if err != nil {
		return Finding{}, err
	}
	if found := h.target.foreignAmong(wanted, live); len(found) > 0 {
		return foreignFinding(found...), nil
	}
	refused, undecideds := make([]string, len(wanted)), make([]string, len(wanted))
	err = each(ctx, h.action.Sets, func(ctx context.Context, i int, set *appsv1.StatefulSet) error {
		_, err := h.target.apply(ctx, withClaimsOf(live[i], set), manager, true)
		refused[i], undecideds[i] = refusal(set, err), undecided(err)
		if refused[i] != "" || undecideds[i] != "" {
			return nil
		}
		return err
	})
	switch found, reasons := nonEmpty(refused), nonEmpty(undecideds); {
	case err != nil:
		return Finding{}, err
	case len(found) > 0:
		return Finding{State: Blocked, Details: found, Next: h.next(found)}, nil
	case len(reasons) > 0:
		return unasked(reasons[0]), nil
	}
	return Finding{State: Done}, nil
}

// next is what to type where StatefulSets are refused.
func (h *admissibleHandler) next(found []string) string {
	const nothing = "nothing was changed: mend cluster.yaml"
	if !slices.ContainsFunc(found, func(f string) bool { return strings.Contains(f, "spec.template") }) {
		return nothing + ", or whatever forbids it in the cluster, and run this again"
	}
	next := nothing + " and run this again; what has no field of its own there comes from spec.podTemplate"
	if h.action.Made {
		next += ", which `gpk create -f cluster.yaml --update` changes first"
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
func unasked(reason string) Finding {
	return Finding{State: Done, Details: []string{"whether the API server takes the stateful sets was not checked: " + reason}}
}

// refusal says which object the API server does not take, and why, in the server's words. It is "" for errors that are not about
// the object.
func refusal(object plan.Object, err error) string {
	var answer apierrors.APIStatus
	if !errors.As(err, &answer) || undecided(err) != "" {
		return ""
	}
	// What server-side apply cannot merge, such as a list with two entries of one name, is called an internal error.
	const unmerged = "failed to create typed patch object"
	cause := answer.Status().Message
	if !apierrors.IsInvalid(err) && !apierrors.IsBadRequest(err) && !apierrors.IsForbidden(err) && !strings.HasPrefix(cause, unmerged) {
		return ""
	}
	// The object is named already.
	preambles := []string{`"` + object.GetName() + `" is invalid: `, `"` + object.GetName() + `" is forbidden: `}
	if strings.HasPrefix(cause, unmerged) {
		preambles = []string{"): "}
	}
	for _, preamble := range preambles {
		if _, rest, found := strings.Cut(cause, preamble); found {
			cause = rest
		}
	}
	return "the API server refuses " + objectName(object) + ": " + cause
}

// undecided is why an error of a dry run says nothing of the object: "" if it may.
func undecided(err error) string {
	var answer apierrors.APIStatus
	if !errors.As(err, &answer) {
		return ""
	}
	cause := answer.Status().Message
	switch details := answer.Status().Details; {
	case apierrors.IsForbidden(err) && strings.Contains(cause, " cannot ") && strings.Contains(cause, " resource "):
		return cause
	case apierrors.IsNotFound(err) && details != nil && details.Kind == "namespaces":
		return "the namespace does not exist"
	case apierrors.IsBadRequest(err) && strings.Contains(cause, "does not support dry run"):
		// An admission webhook with side effects cannot be asked what it would say.
		return cause
	}
	return ""
}
