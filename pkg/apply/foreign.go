package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/plan"
)

// foreignError is about an object that has a name of the cluster's and is somebody else's.
type foreignError struct{ found string }

// Error has the object, and whose it is.
func (e *foreignError) Error() string { return e.found }

// Blocks is what a Check that comes upon it has found.
func (e *foreignError) Blocks() Finding { return foreignFinding(e.found) }

// leftToOthers is what a person can do about such an object.
const leftToOthers = "it was left as it is: give the cluster another metadata.name, or rename or remove that object if nobody needs it, " +
	"and run this again"

// refuse is the error about an object of somebody else's, nil for "".
func refuse(found string) error {
	if found == "" {
		return nil
	}
	return &NextError{&foreignError{found}, leftToOthers}
}

func foreignFinding(found ...string) Finding {
	return Finding{State: Blocked, Details: found, Next: leftToOthers}
}

// foreign says whose an object is that has a name of the cluster's, "" where it is the cluster's own: gpk would read it as its own,
// change it, and later delete it. What has lost its labels is the cluster's all the same if gpk has written it. Volume claims
// may be made beforehand, and are adopted.
func (t *Target) foreign(kind string, object metav1.Object) string {
	if kind == "PersistentVolumeClaim" {
		return ""
	}
	name := kind + "/" + object.GetName()
	ours := object.GetLabels()[plan.ManagedLabel] == plan.Labels(t.Ref.Name)[plan.ManagedLabel]
	written := slices.ContainsFunc(object.GetManagedFields(), func(f metav1.ManagedFieldsEntry) bool {
		return f.Manager == manager || f.Manager == actingManager
	})
	switch cluster := plan.ClusterOf(object); {
	case ours && cluster == t.Ref.Name:
		return ""
	case ours && cluster != "":
		return name + " belongs to the cluster " + cluster
	case !written:
		return name + " is there already, and gpk has not made it"
	}
	return ""
}

// foreignAmong are those of the objects of a plan that are there and somebody else's, with whose.
func (t *Target) foreignAmong(wanted, live []plan.Object) []string {
	var found []string
	for i, object := range live {
		if object != nil {
			found = append(found, t.foreign(kindName(wanted[i]), object))
		}
	}
	return nonEmpty(found)
}

// configMap is one of those that gpk keeps of the cluster, nil if there is none. what is how people know it.
func (t *Target) configMap(ctx context.Context, name, what string) (*corev1.ConfigMap, error) {
	found, err := t.client.CoreV1().ConfigMaps(t.Ref.Namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the cluster's %s: %w", what, err)
	}
	return found, refuse(t.foreign("ConfigMap", found))
}

// unclaimed refuses a cluster of which somebody else has what gpk would keep of it, before anything is changed. The lock and the
// objects of the steps are looked at where they are taken.
func (t *Target) unclaimed(ctx context.Context) error {
	if _, err := t.Record(ctx); err != nil && !spoiled(err) {
		return err
	}
	_, err := t.state(ctx)
	return err
}

// ForeignDrift is what a comparison tells of an error that is about an object of somebody else's.
func ForeignDrift(err error) (Drift, bool) {
	var foreign *foreignError
	if !errors.As(err, &foreign) {
		return Drift{}, false
	}
	return Drift{Found: foreign.Error(), Next: leftToOthers}, true
}
