package kube

import (
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
)

// foreignError is about an object that has a name of the cluster's and is somebody else's.
type foreignError struct{ found string }

// Error has the object, and whose it is.
func (e *foreignError) Error() string { return e.found }

// Blocks is what a Check that comes upon it has found.
func (e *foreignError) Blocks() engine.Finding { return ForeignFinding(e.found) }

// LeftToOthers is what a person can do about such an object.
const LeftToOthers = "it was left as it is: give the cluster another metadata.name, or rename or remove that object if nobody needs it, " +
	"and run this again"

// Refuse is the error about an object of somebody else's, nil for "".
func Refuse(found string) error {
	if found == "" {
		return nil
	}
	return &engine.NextError{Err: &foreignError{found}, Next: engine.Next(LeftToOthers)}
}

func ForeignFinding(found ...string) engine.Finding {
	return engine.Finding{State: engine.Blocked, Details: found, Next: engine.Next(LeftToOthers)}
}

// Foreign says whose an object is that has a name of the cluster's, "" where it is the cluster's own: gpk would read it as its own,
// change it, and later delete it. What has lost its labels is the cluster's all the same if gpk has written it. Volume claims
// may be made beforehand, and are adopted.
func (k *Client) Foreign(kind string, object metav1.Object) string {
	if kind == "PersistentVolumeClaim" {
		return ""
	}
	name := kind + "/" + object.GetName()
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
		return name + " is there already, and gpk has not made it"
	}
	return ""
}

// ForeignAmong are those of the objects of a plan that are there and somebody else's, with whose.
func (k *Client) ForeignAmong(wanted, live []plan.Object) []string {
	var found []string
	for i, object := range live {
		if object != nil {
			found = append(found, k.Foreign(kindName(wanted[i]), object))
		}
	}
	return engine.NonEmpty(found)
}

// ConfigMap is one of those that gpk keeps of the cluster, nil if there is none. what is how people know it.
func (k *Client) ConfigMap(ctx context.Context, name, what string) (*corev1.ConfigMap, error) {
	found, err := k.API.CoreV1().ConfigMaps(k.Ref.Namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the cluster's %s: %w", what, err)
	}
	return found, Refuse(k.Foreign("ConfigMap", found))
}

// ForeignDrift is what a comparison tells of an error that is about an object of somebody else's.
func ForeignDrift(err error) (engine.Drift, bool) {
	var foreign *foreignError
	if !errors.As(err, &foreign) {
		return engine.Drift{}, false
	}
	return engine.Drift{Found: foreign.Error(), Next: engine.Next(LeftToOthers)}, true
}

// ActingManager owns what follows the acting coordinator and not cluster.yaml: the selector of the clients' Service, and
// the state that the pods read.
const ActingManager = "gpk-acting-coordinator"
