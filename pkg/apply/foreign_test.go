package apply

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
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
			target := a.target(t)
			h := &applyHandler{target: target, action: plan.Apply{Objects: []plan.Object{test.wanted}}}
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

// What gpk keeps of a cluster, its keys and its lock may be somebody else's as well: then nothing is made beside them, nothing is
// read from them, and they stay.
func TestCreateLeavesForeignObjects(t *testing.T) {
	theirs := map[string][]byte{"id_ed25519": []byte("a key"), "authorized_keys": []byte("a key"), "host_key": []byte("a key"), "known_hosts": []byte("a key")}
	unlabelled := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name} }
	for name, test := range map[string]struct {
		live plan.Object
		want string
	}{
		"a record":                {&corev1.ConfigMap{ObjectMeta: unlabelled("demo-gpk"), Data: map[string]string{"cluster.yaml": "kind: theirs"}}, "ConfigMap/demo-gpk is there already"},
		"a record of another one": {&corev1.ConfigMap{ObjectMeta: meta("demo-gpk", "other")}, "ConfigMap/demo-gpk belongs to the cluster other"},
		"a state":                 {&corev1.ConfigMap{ObjectMeta: unlabelled("demo-state"), Data: map[string]string{plan.StateCoordinator: "x"}}, "ConfigMap/demo-state is there already"},
		"a state of another one":  {&corev1.ConfigMap{ObjectMeta: meta("demo-state", "other")}, "ConfigMap/demo-state belongs to the cluster other"},
		"keys":                    {&corev1.Secret{ObjectMeta: unlabelled("demo-ssh"), Data: theirs}, "Secret/demo-ssh is there already"},
		"keys of another one":     {&corev1.Secret{ObjectMeta: meta("demo-ssh", "other"), Data: theirs}, "Secret/demo-ssh belongs to the cluster other"},
		"no keys":                 {&corev1.Secret{ObjectMeta: unlabelled("demo-ssh")}, "Secret/demo-ssh is there already"},
		"a lock":                  {&coordinationv1.Lease{ObjectMeta: unlabelled("demo-gpk")}, "Lease/demo-gpk is there already"},
		"a lock that is held": {&coordinationv1.Lease{ObjectMeta: unlabelled("demo-gpk"), Spec: coordinationv1.LeaseSpec{HolderIdentity: new("them")}},
			"Lease/demo-gpk is there already"},
		"a lock of another one": {&coordinationv1.Lease{ObjectMeta: meta("demo-gpk", "other")}, "Lease/demo-gpk belongs to the cluster other"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCreation(t)
			c.api.put(test.live)
			version := test.live.GetResourceVersion()
			c.api.requests = nil
			_, outcome, err := c.run(0)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(nextOf(err), "left as it is") || outcome.Changed != 0 {
				t.Errorf("%d steps, error %v", outcome.Changed, err)
			}
			if test.live.GetResourceVersion() != version {
				t.Error("it was written to")
			}
			_, secret := test.live.(*corev1.Secret)
			for _, request := range c.api.requests {
				// The keys are the first thing that is made, under the lock.
				if made := strings.HasSuffix(request, " All"); !made && (!secret || !strings.Contains(request, " leases/")) {
					t.Errorf("it asks for %q", request)
				}
			}
		})
	}
}

func nextOf(err error) string {
	var told *NextError
	var step *StepError
	switch {
	case errors.As(err, &told):
		return told.Next
	case errors.As(err, &step):
		return step.Next
	}
	return ""
}

// Between the two looks of one gpk somebody may make such a Secret. Its content is neither mixed with keys nor written over.
func TestKeysLeaveForeignSecret(t *testing.T) {
	a := newAPI()
	h := keys(t, a)
	if finding, err := h.Check(t.Context()); err != nil || finding.State != Pending {
		t.Fatalf("found %+v, error %v", finding, err)
	}
	a.put(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "demo-ssh"}, Data: map[string][]byte{"password": []byte("theirs")}})
	if err := h.Do(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "Secret/demo-ssh is there already") {
		t.Errorf("error %v", err)
	}
	if data := a.get("secrets", "demo-ssh").(*corev1.Secret).Data; len(data) != 1 || string(data["password"]) != "theirs" {
		t.Errorf("the Secret has become %q", slices.Sorted(maps.Keys(data)))
	}
}

// What gpk has written is the cluster's without its labels, by whichever of gpk's names.
func TestStateWithoutLabels(t *testing.T) {
	a := newAPI()
	a.put(&corev1.ConfigMap{Data: map[string]string{plan.StateCoordinator: "demo-coordinator-1"},
		ObjectMeta: metav1.ObjectMeta{Name: "demo-state", ManagedFields: []metav1.ManagedFieldsEntry{{Manager: actingManager}}}})
	if state, err := a.target(t).state(t.Context()); err != nil || state[plan.StateCoordinator] != "demo-coordinator-1" {
		t.Errorf("state %v, error %v", state, err)
	}
}

// A record that is somebody else's by the end is not deleted.
func TestForgetLeavesForeignRecord(t *testing.T) {
	a := newAPI()
	a.put(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "demo-gpk"}})
	if err := a.target(t).Forget(t.Context()); err == nil || a.get("configmaps", "demo-gpk") == nil {
		t.Errorf("error %v, left %v", err, a.names("configmaps"))
	}
}

// A comparison says whose an object is, and not in what it differs from one of the cluster's. It is told of once.
func TestDriftOfForeignObjects(t *testing.T) {
	c := newCreation(t)
	if _, _, err := c.run(0); err != nil {
		t.Fatal(err)
	}
	for _, theirs := range []plan.Object{
		&corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "demo"}, Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeNodePort}},
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "demo-ssh"}},
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "demo-state"}},
	} {
		c.api.put(theirs)
	}
	drift, err := c.api.served(t).Drift(t.Context(), c.plan)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, d := range drift {
		if d.Field != "" || d.Next != leftToOthers {
			t.Errorf("told of %+v", d)
		}
		found = append(found, d.Object+": "+d.Found)
	}
	want := []string{
		": Secret/demo-ssh is there already, and gpk has not made it",
		"Service/demo: Service/demo is there already, and gpk has not made it",
		": ConfigMap/demo-state is there already, and gpk has not made it",
	}
	if !slices.Equal(found, want) {
		t.Errorf("found %q, want %q", found, want)
	}
}
