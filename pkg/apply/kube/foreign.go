package kube

import (
	"errors"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
)

// foreignError is about an object that has a name of the cluster's and belongs to another owner.
type foreignError struct{ found string }

func (e *foreignError) Error() string { return e.found }

// Blocks is the finding of a Check that met this error.
func (e *foreignError) Blocks() engine.Finding { return ForeignFinding(e.found) }

// LeftToOthers is the advice about such an object.
const LeftToOthers = "gpk did not change it: give the cluster another metadata.name, or rename or delete that object if nobody needs it, " +
	"and run this again"

// Refuse is the error about an object of another owner, nil for "".
func Refuse(found string) error {
	if found == "" {
		return nil
	}
	return &engine.NextError{Err: &foreignError{found}, Next: engine.Next(LeftToOthers)}
}

// ForeignFinding blocks a step because of objects of other owners.
func ForeignFinding(found ...string) engine.Finding {
	return engine.Finding{State: engine.Blocked, Details: found, Next: engine.Next(LeftToOthers)}
}

// Foreign says who owns an object that has a name of the cluster's, "" if the cluster does. gpk would change, and later delete, another
// owner's. One without labels is the cluster's if gpk has written it. The cluster adopts volume claims that exist before it.
func (k *Client) Foreign(kind string, object metav1.Object) string {
	if kind == "PersistentVolumeClaim" {
		return ""
	}
	name := nameOf(kind, object)
	ours := object.GetLabels()[plan.ManagedLabel] == plan.Labels(k.Ref.Name)[plan.ManagedLabel]
	written := slices.ContainsFunc(object.GetManagedFields(), func(f metav1.ManagedFieldsEntry) bool {
		return f.Manager == Manager || f.Manager == ActingManager
	})
	switch cluster := plan.ClusterOf(object); {
	case ours && cluster == k.Ref.Name:
		return ""
	case ours && cluster != "":
		return name + " belongs to the cluster " + cluster
	case !written:
		return name + " exists already, and gpk has not made it"
	}
	return ""
}

// ForeignAmong says which live objects of a plan belong to another owner, and to which one.
func (k *Client) ForeignAmong(wanted, live []plan.Object) []string {
	var found []string
	for i, object := range live {
		if object != nil {
			found = append(found, k.Foreign(kindOf(wanted[i]), object))
		}
	}
	return engine.NonEmpty(found)
}

// ForeignDrift is what a comparison reports of an error about an object of another owner.
func ForeignDrift(err error) (engine.Drift, bool) {
	foreign, ok := errors.AsType[*foreignError](err)
	if !ok {
		return engine.Drift{}, false
	}
	return engine.Drift{Found: foreign.Error(), Next: engine.Next(LeftToOthers)}, true
}
