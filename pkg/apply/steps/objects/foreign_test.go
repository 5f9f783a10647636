package objects

import (
	"maps"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/plan"
	"gpk/test/apitest"
	"gpk/test/roomtest"
)

// What somebody else has made under a name of the cluster's stays theirs. What gpk has applied is mended, whatever became of its
// labels, and a volume claim may be there beforehand.
func TestApplyLeavesForeignObjects(t *testing.T) {
	unlabelled := metav1.ObjectMeta{Name: "demo"}
	applied := metav1.ObjectMeta{Name: "demo", ManagedFields: []metav1.ManagedFieldsEntry{{Manager: kube.Manager, Operation: metav1.ManagedFieldsOperationApply}}}
	helm := metav1.ObjectMeta{Name: "demo", Labels: map[string]string{plan.ManagedLabel: "Helm", "app.kubernetes.io/instance": "demo"}}
	account := metav1.TypeMeta{APIVersion: "v1", Kind: "ServiceAccount"}
	claim := metav1.TypeMeta{APIVersion: "v1", Kind: "PersistentVolumeClaim"}
	for name, test := range map[string]struct {
		live, wanted plan.Object
		state        engine.State
		detail       string
	}{
		"somebody's": {&corev1.ServiceAccount{ObjectMeta: unlabelled}, &corev1.ServiceAccount{TypeMeta: account, ObjectMeta: apitest.Meta("demo", "demo")},
			engine.Blocked, "ServiceAccount/demo exists already, and gpk has not made it"},
		"of another tool": {&corev1.ServiceAccount{ObjectMeta: helm}, &corev1.ServiceAccount{TypeMeta: account, ObjectMeta: apitest.Meta("demo", "demo")},
			engine.Blocked, "ServiceAccount/demo exists already, and gpk has not made it"},
		"of another cluster": {&corev1.ServiceAccount{ObjectMeta: apitest.Meta("demo", "other")}, &corev1.ServiceAccount{TypeMeta: account, ObjectMeta: apitest.Meta("demo", "demo")},
			engine.Blocked, "ServiceAccount/demo belongs to the cluster other"},
		"without its labels": {&corev1.ServiceAccount{ObjectMeta: applied}, &corev1.ServiceAccount{TypeMeta: account, ObjectMeta: apitest.Meta("demo", "demo")},
			engine.Pending, "ServiceAccount/demo differs: metadata.labels[app.kubernetes.io/instance], metadata.labels[app.kubernetes.io/managed-by], " +
				"metadata.labels[app.kubernetes.io/name]"},
		"a claim": {&corev1.PersistentVolumeClaim{ObjectMeta: unlabelled}, &corev1.PersistentVolumeClaim{TypeMeta: claim, ObjectMeta: apitest.Meta("demo", "demo")},
			engine.Pending, "PersistentVolumeClaim/demo differs: metadata.labels[app.kubernetes.io/instance], metadata.labels[app.kubernetes.io/managed-by], " +
				"metadata.labels[app.kubernetes.io/name]"},
	} {
		t.Run(name, func(t *testing.T) {
			a := apitest.New()
			a.Put(test.live)
			test.wanted.SetNamespace(apitest.Ref.Namespace)
			target := roomtest.New(t, apitest.ConfigOf(a))
			h := &applyHandler{kube: target.Kube, action: plan.Apply{Objects: []plan.Object{test.wanted}}}
			finding, err := h.Check(t.Context())
			if err != nil || finding.State != test.state || !slices.Equal(finding.Details, []string{test.detail}) || (!finding.Next.Empty()) != (test.state == engine.Blocked) {
				t.Errorf("found %+v, error %v", finding, err)
			}
			if among, err := (&spreadHandler{*h, target.Pods, 0}).Check(t.Context()); err != nil || among.State != test.state {
				t.Errorf("among stateful sets: found %+v, error %v", among, err)
			}
		})
	}
}

// Between the two looks of one gpk somebody may make such a Secret. Its content is neither mixed with keys nor written over.
func TestKeysLeaveForeignSecret(t *testing.T) {
	a := apitest.New()
	h := keys(t, a)
	if finding, err := h.Check(t.Context()); err != nil || finding.State != engine.Pending {
		t.Fatalf("found %+v, error %v", finding, err)
	}
	a.Put(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "demo-ssh"}, Data: map[string][]byte{"password": []byte("theirs")}})
	if err := h.Do(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "Secret/demo-ssh exists already") {
		t.Errorf("error %v", err)
	}
	if data := a.Get("secrets", "demo-ssh").(*corev1.Secret).Data; len(data) != 1 || string(data["password"]) != "theirs" {
		t.Errorf("the Secret has become %q", slices.Sorted(maps.Keys(data)))
	}
}
