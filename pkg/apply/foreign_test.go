package apply

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/plan"
)

// What somebody else has made under a name of the cluster's stays theirs. What gpk has applied is mended, whatever became of its
// labels, and a volume claim may be there beforehand.
func TestApplyLeavesForeignObjects(t *testing.T) {
	unlabelled := metav1.ObjectMeta{Name: "demo"}
	applied := metav1.ObjectMeta{Name: "demo", ManagedFields: []metav1.ManagedFieldsEntry{{Manager: manager, Operation: metav1.ManagedFieldsOperationApply}}}
	helm := metav1.ObjectMeta{Name: "demo", Labels: map[string]string{plan.ManagedLabel: "Helm", "app.kubernetes.io/instance": "demo"}}
	account := metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccount"}
	claim := metav1.TypeMeta{APIVersion: "v1", Kind: "PersistentVolumeClaim"}
	for name, test := range map[string]struct {
		live, wanted plan.Object
		state        State
		detail       string
	}{
		"somebody's": {&corev1.ServiceAccount{ObjectMeta: unlabelled}, &corev1.ServiceAccount{TypeMeta: account, ObjectMeta: meta("demo", "demo")},
			Blocked, "ServiceAccount/demo is there already, and gpk has not made it"},
		"of another tool": {&corev1.ServiceAccount{ObjectMeta: helm}, &corev1.ServiceAccount{TypeMeta: account, ObjectMeta: meta("demo", "demo")},
			Blocked, "ServiceAccount/demo is there already, and gpk has not made it"},
		"of another cluster": {&corev1.ServiceAccount{ObjectMeta: meta("demo", "other")}, &corev1.ServiceAccount{TypeMeta: account, ObjectMeta: meta("demo", "demo")},
			Blocked, "ServiceAccount/demo belongs to the cluster other"},
		"without its labels": {&corev1.ServiceAccount{ObjectMeta: applied}, &corev1.ServiceAccount{TypeMeta: account, ObjectMeta: meta("demo", "demo")},
			Pending, "ServiceAccount/demo differs: metadata.labels[app.kubernetes.io/instance], metadata.labels[app.kubernetes.io/managed-by], " +
				"metadata.labels[app.kubernetes.io/name]"},
		"a claim": {&corev1.PersistentVolumeClaim{ObjectMeta: unlabelled}, &corev1.PersistentVolumeClaim{TypeMeta: claim, ObjectMeta: meta("demo", "demo")},
			Pending, "PersistentVolumeClaim/demo differs: metadata.labels[app.kubernetes.io/instance], metadata.labels[app.kubernetes.io/managed-by], " +
				"metadata.labels[app.kubernetes.io/name]"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAPI()
			a.put(test.live)
			test.wanted.SetNamespace(ref.Namespace)
			h := &applyHandler{target: a.target(t), action: plan.Apply{Objects: []plan.Object{test.wanted}}}
			finding, err := h.Check(t.Context())
			if err != nil || finding.State != test.state || !slices.Equal(finding.Details, []string{test.detail}) || (finding.Next != "") != (test.state == Blocked) {
				t.Errorf("found %+v, error %v", finding, err)
			}
			if among, err := (&spreadHandler{*h, 0}).Check(t.Context()); err != nil || among.State != test.state {
				t.Errorf("among stateful sets: found %+v, error %v", among, err)
			}
		})
	}
}
