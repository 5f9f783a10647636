package apply

import (
	"errors"
	"slices"
	"strings"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/plan"
	"gpk/test/apitest"
)

// What gpk keeps of a cluster, its keys and its lock may be somebody else's as well: then nothing is made beside them, nothing is
// read from them, and they stay.
func TestCreateLeavesForeignObjects(t *testing.T) {
	theirs := map[string][]byte{"id_ed25519": []byte("a key"), "authorized_keys": []byte("a key"), "host_key": []byte("a key"), "known_hosts": []byte("a key")}
	unlabelled := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name} }
	for name, test := range map[string]struct {
		live plan.Object
		want string
	}{
		"a record":                {&corev1.ConfigMap{ObjectMeta: unlabelled("demo-gpk"), Data: map[string]string{"cluster.yaml": "kind: theirs"}}, "ConfigMap/demo-gpk exists already"},
		"a record of another one": {&corev1.ConfigMap{ObjectMeta: apitest.Meta("demo-gpk", "other")}, "ConfigMap/demo-gpk belongs to the cluster other"},
		"a state":                 {&corev1.ConfigMap{ObjectMeta: unlabelled("demo-state"), Data: map[string]string{plan.StateCoordinator: "x"}}, "ConfigMap/demo-state exists already"},
		"a state of another one":  {&corev1.ConfigMap{ObjectMeta: apitest.Meta("demo-state", "other")}, "ConfigMap/demo-state belongs to the cluster other"},
		"keys":                    {&corev1.Secret{ObjectMeta: unlabelled("demo-ssh"), Data: theirs}, "Secret/demo-ssh exists already"},
		"keys of another one":     {&corev1.Secret{ObjectMeta: apitest.Meta("demo-ssh", "other"), Data: theirs}, "Secret/demo-ssh belongs to the cluster other"},
		"no keys":                 {&corev1.Secret{ObjectMeta: unlabelled("demo-ssh")}, "Secret/demo-ssh exists already"},
		"a lock":                  {&coordinationv1.Lease{ObjectMeta: unlabelled("demo-gpk")}, "Lease/demo-gpk exists already"},
		"a lock that is held": {&coordinationv1.Lease{ObjectMeta: unlabelled("demo-gpk"), Spec: coordinationv1.LeaseSpec{HolderIdentity: new("them")}},
			"Lease/demo-gpk exists already"},
		"a lock of another one": {&coordinationv1.Lease{ObjectMeta: apitest.Meta("demo-gpk", "other")}, "Lease/demo-gpk belongs to the cluster other"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCreation(t)
			c.api.Put(test.live)
			version := test.live.GetResourceVersion()
			c.api.Requests = nil
			_, outcome, err := c.run(0)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(nextOf(err), "gpk did not change it") || outcome.Changed != 0 {
				t.Errorf("%d steps, error %v", outcome.Changed, err)
			}
			if test.live.GetResourceVersion() != version {
				t.Error("it was written to")
			}
			_, secret := test.live.(*corev1.Secret)
			for _, request := range c.api.Requests {
				// The keys are the first thing that is made, under the lock.
				if made := strings.HasSuffix(request, " All"); !made && (!secret || !strings.Contains(request, " leases/")) {
					t.Errorf("it asks for %q", request)
				}
			}
		})
	}
}

func nextOf(err error) string {
	var told *engine.NextError
	var step *engine.StepError
	switch {
	case errors.As(err, &told):
		return told.Next.String()
	case errors.As(err, &step):
		return step.Next.String()
	}
	return ""
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
		c.api.Put(theirs)
	}
	drift, err := clusterFor(t, apitest.Served(t, c.api)).Drift(t.Context(), c.plan)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, d := range drift {
		if d.Field != "" || d.Next.String() != kube.LeftToOthers {
			t.Errorf("told of %+v", d)
		}
		found = append(found, d.Object+": "+d.Found)
	}
	want := []string{
		": Secret/demo-ssh exists already, and gpk has not made it",
		"Service/demo: Service/demo exists already, and gpk has not made it",
		": ConfigMap/demo-state exists already, and gpk has not made it",
	}
	if !slices.Equal(found, want) {
		t.Errorf("found %q, want %q", found, want)
	}
}
