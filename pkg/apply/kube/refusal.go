package kube

import (
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"gpk/pkg/plan"
)

// Refusal says which object the API server does not take, and why, in the server's words. It is "" for errors that are not about
// the object.
func Refusal(object plan.Object, err error) string {
	var answer apierrors.APIStatus
	if !errors.As(err, &answer) || Undecided(err) != "" {
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
	return "the API server refuses " + ObjectName(object) + ": " + cause
}

// Undecided is why an error of a dry run says nothing of the object: "" if it may.
func Undecided(err error) string {
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

// RefusedNext is what to type where the API server takes no object like it.
const RefusedNext = "it was left as it is: mend cluster.yaml, or whatever forbids it in the cluster, and run this again"

func UnlessForbidden(what string, err error) error {
	if err == nil || apierrors.IsForbidden(err) {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
