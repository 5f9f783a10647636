package kube

import (
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"gpk/pkg/plan"
)

// unmerged begins the server's message if server-side apply cannot merge an object, such as a list with two entries of one name. The server
// calls that an internal error.
const unmerged = "failed to create typed patch object"

// Refusal says which object the API server refuses, and why, in the server's words. It is "" for errors that are not about the object.
func Refusal(object plan.Object, err error) string {
	var answer apierrors.APIStatus
	if !errors.As(err, &answer) || Undecided(err) != "" {
		return ""
	}
	cause := answer.Status().Message
	if !apierrors.IsInvalid(err) && !apierrors.IsBadRequest(err) && !apierrors.IsForbidden(err) && !strings.HasPrefix(cause, unmerged) {
		return ""
	}
	// The message names the object already.
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

// Undecided is why an error of a dry run means nothing for the object, "" if it means something.
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
		// An admission webhook with side effects answers no dry run.
		return cause
	}
	return ""
}

// RefusedNext is the advice about an object that the API server refuses.
const RefusedNext = "gpk did not change it: correct cluster.yaml, or the rule of the Kubernetes cluster that forbids it, and run this again"

// UnlessForbidden is the error of reading what, nil if the user has no right to read it: gpk needs no right beyond its namespace.
func UnlessForbidden(what string, err error) error {
	if err == nil || apierrors.IsForbidden(err) {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
