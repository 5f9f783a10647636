package objects

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/test/apitest"
	"gpk/test/roomtest"
)

func admissibleSets(t *testing.T) []*appsv1.StatefulSet {
	t.Helper()
	p, err := plan.Create(apitest.Cluster(t))
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(p.Steps, func(s plan.Step) bool { return s.ID == "admissible" })
	return p.Steps[i].Action.(plan.Admissible).Sets
}

func admissibleOn(t *testing.T, a *apitest.API, action plan.Admissible) *admissibleHandler {
	t.Helper()
	c := roomtest.New(t, apitest.ConfigOf(a))
	return &admissibleHandler{kube: c.Kube, pods: c.Pods, action: action}
}

// What the API server says to the dry run of a StatefulSet, what is found of that, and what to type.
func TestAdmissible(t *testing.T) {
	const name = "demo-primary"
	const refuses = "the API server refuses StatefulSet/demo-primary: "
	const unsure = "gpk did not check whether the API server takes the stateful sets: "
	status := func(code int32, reason metav1.StatusReason, message string) error {
		return &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: code, Reason: reason, Message: message}}
	}
	tests := map[string]struct {
		answer     error
		made       bool
		state      engine.State
		says, next string
	}{
		"taken": {state: engine.Done},
		"a volume that nobody has": {apitest.Unmounted(name), false, engine.Blocked,
			refuses + `spec.template.spec.containers[0].volumeMounts[5].name: Not found: "nothing"`, "spec.podTemplate"},
		"of a cluster that is there": {apitest.Unmounted(name), true, engine.Blocked, refuses, "gpk create -f cluster.yaml --update"},
		"two of one name": {status(500, metav1.StatusReasonInternalError, `failed to create typed patch object (analytics/demo-primary; apps/v1, Kind=StatefulSet): `+
			`.spec.template.spec.containers[name="greenplum"].env: duplicate entries for key [name="A"]`), false, engine.Blocked,
			refuses + `.spec.template.spec.containers[name="greenplum"].env: duplicate entries`, "spec.podTemplate"},
		"a quota": {apierrors.NewForbidden(apitest.SetResource, name, io.ErrShortWrite), false, engine.Blocked, refuses + "short write", "the rule of the Kubernetes cluster that forbids it"},
		"a policy": {status(403, metav1.StatusReasonForbidden, `admission webhook "policy.example" denied the request: no`), false, engine.Blocked,
			refuses + `admission webhook "policy.example" denied the request: no`, "the rule of the Kubernetes cluster that forbids it"},
		"no right to it": {status(403, metav1.StatusReasonForbidden, `statefulsets.apps "demo-primary" is forbidden: User "weak" cannot patch `+
			`resource "statefulsets" in API group "apps" in the namespace "analytics"`), false, engine.Done,
			unsure + `statefulsets.apps "demo-primary" is forbidden: User "weak" cannot patch resource "statefulsets"`, ""},
		"no namespace": {apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, apitest.Ref.Namespace), false, engine.Done,
			unsure + "the namespace does not exist", ""},
		"a policy that cannot be asked": {apierrors.NewBadRequest(`admission webhook "effects.example" does not support dry run`), false, engine.Done,
			unsure + `admission webhook "effects.example"`, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a := apitest.New()
			if test.answer != nil {
				a.Fail = apitest.Refusing("demo-primary", test.answer)
			}
			finding, err := (admissibleOn(t, a, plan.Admissible{Sets: admissibleSets(t), Made: test.made})).Check(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			said := strings.Join(finding.Details, "\n")
			if finding.State != test.state || !strings.HasPrefix(said, test.says) || (test.says == "") != (said == "") {
				t.Errorf("%s: %q, want %s: %q", finding.State, said, test.state, test.says)
			}
			if !strings.Contains(finding.Next.String(), test.next) || test.next != "" && !strings.HasPrefix(finding.Next.String(), "nothing was changed: ") {
				t.Errorf("next: %q", finding.Next)
			}
			if len(a.Names("statefulsets")) > 0 {
				t.Error("a dry run has made something")
			}
		})
	}
}

// An unexpected failure says nothing of the sets.
func TestAdmissibleFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := apitest.New()
		a.Fail = apitest.Refusing("demo-primary", apierrors.NewInternalError(io.ErrUnexpectedEOF))
		finding, err := (admissibleOn(t, a, plan.Admissible{Sets: admissibleSets(t)})).Check(t.Context())
		if err == nil || !strings.Contains(err.Error(), "StatefulSet/demo-primary") {
			t.Errorf("found %+v, error %v", finding, err)
		}
	})
}

// Claims of another size are the business of a later step, and a set of somebody else's is nobody's to ask about.
func TestAdmissibleBesideOthers(t *testing.T) {
	a := apitest.New()
	a.Put(apitest.SetOf("1Gi"))
	wanted := apitest.SetOf("2Gi")
	a.Fail = func(r *http.Request) error {
		if r.Method != http.MethodPatch {
			return nil
		}
		if body, err := io.ReadAll(r.Body); err != nil || strings.Contains(string(body), "2Gi") || !strings.Contains(string(body), "1Gi") {
			t.Errorf("asked with %s, error %v", body, err)
		}
		return apitest.Unmounted("demo-primary")
	}
	h := admissibleOn(t, a, plan.Admissible{Sets: []*appsv1.StatefulSet{wanted}})
	if finding, err := h.Check(t.Context()); err != nil || finding.State != engine.Blocked {
		t.Errorf("found %+v, error %v", finding, err)
	}
	foreign := apitest.SetOf("1Gi")
	foreign.Labels = nil
	a.Put(foreign)
	if finding, err := h.Check(t.Context()); err != nil || finding.State != engine.Blocked || !strings.Contains(engine.FirstOf(finding.Details), "gpk has not made it") {
		t.Errorf("found %+v, error %v", finding, err)
	}
}
