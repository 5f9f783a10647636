package apply

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"gpk/pkg/plan"
)

var setResource = schema.GroupResource{Group: "apps", Resource: "statefulsets"}

// unmounted is how an API server refuses the mount of a volume that is not there.
func unmounted(name string) error {
	at := field.NewPath("spec", "template", "spec", "containers").Index(0).Child("volumeMounts").Index(5).Child("name")
	return apierrors.NewInvalid(schema.GroupKind{Group: "apps", Kind: "StatefulSet"}, name, field.ErrorList{field.NotFound(at, "nothing")})
}

// refusing has the API refuse to apply a StatefulSet, as a dry run or not.
func refusing(name string, err error) func(*http.Request) error {
	return func(r *http.Request) error {
		if r.Method == http.MethodPatch && strings.HasSuffix(r.URL.Path, "/statefulsets/"+name) {
			return err
		}
		return nil
	}
}

func admissibleSets(t *testing.T) []*appsv1.StatefulSet {
	t.Helper()
	p, err := plan.Create(shape(t))
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(p.Steps, func(s plan.Step) bool { return s.ID == "admissible" })
	return p.Steps[i].Action.(plan.Admissible).Sets
}

// What the API server says to the dry run of a StatefulSet, what is found of that, and what to type.
func TestAdmissible(t *testing.T) {
	const name = "demo-primary"
	const refuses = "the API server refuses StatefulSet/demo-primary: "
	const unsure = "whether the API server takes the stateful sets was not checked: "
	status := func(code int32, reason metav1.StatusReason, message string) error {
		return &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: code, Reason: reason, Message: message}}
	}
	tests := map[string]struct {
		answer     error
		made       bool
		state      State
		says, next string
	}{
		"taken": {state: Done},
		"a volume that nobody has": {unmounted(name), false, Blocked,
			refuses + `spec.template.spec.containers[0].volumeMounts[5].name: Not found: "nothing"`, "spec.podTemplate"},
		"of a cluster that is there": {unmounted(name), true, Blocked, refuses, "gpk create -f cluster.yaml --update"},
		"two of one name": {status(500, metav1.StatusReasonInternalError, `failed to create typed patch object (analytics/demo-primary; apps/v1, Kind=StatefulSet): `+
			`.spec.template.spec.containers[name="greenplum"].env: duplicate entries for key [name="A"]`), false, Blocked,
			refuses + `.spec.template.spec.containers[name="greenplum"].env: duplicate entries`, "spec.podTemplate"},
		"a quota": {apierrors.NewForbidden(setResource, name, io.ErrShortWrite), false, Blocked, refuses + "short write", "whatever forbids it"},
		"a policy": {status(403, metav1.StatusReasonForbidden, `admission webhook "policy.example" denied the request: no`), false, Blocked,
			refuses + `admission webhook "policy.example" denied the request: no`, "whatever forbids it"},
		"no right to it": {status(403, metav1.StatusReasonForbidden, `statefulsets.apps "demo-primary" is forbidden: User "weak" cannot patch `+
			`resource "statefulsets" in API group "apps" in the namespace "analytics"`), false, Done,
			unsure + `statefulsets.apps "demo-primary" is forbidden: User "weak" cannot patch resource "statefulsets"`, ""},
		"no namespace": {apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, ref.Namespace), false, Done,
			unsure + "the namespace does not exist", ""},
		"a policy that cannot be asked": {apierrors.NewBadRequest(`admission webhook "effects.example" does not support dry run`), false, Done,
			unsure + `admission webhook "effects.example"`, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a := newAPI()
			if test.answer != nil {
				a.fail = refusing("demo-primary", test.answer)
			}
			finding, err := (&admissibleHandler{target: a.target(t), action: plan.Admissible{Sets: admissibleSets(t), Made: test.made}}).Check(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			said := strings.Join(finding.Details, "\n")
			if finding.State != test.state || !strings.HasPrefix(said, test.says) || (test.says == "") != (said == "") {
				t.Errorf("%s: %q, want %s: %q", finding.State, said, test.state, test.says)
			}
			if !strings.Contains(finding.Next, test.next) || test.next != "" && !strings.HasPrefix(finding.Next, "nothing was changed: ") {
				t.Errorf("next: %q", finding.Next)
			}
			if len(a.names("statefulsets")) > 0 {
				t.Error("a dry run has made something")
			}
		})
	}
}

// An unexpected failure says nothing of the sets.
func TestAdmissibleFails(t *testing.T) {
	a := newAPI()
	a.fail = refusing("demo-primary", apierrors.NewInternalError(io.ErrUnexpectedEOF))
	finding, err := (&admissibleHandler{target: a.target(t), action: plan.Admissible{Sets: admissibleSets(t)}}).Check(t.Context())
	if err == nil || !strings.Contains(err.Error(), "StatefulSet/demo-primary") {
		t.Errorf("found %+v, error %v", finding, err)
	}
}

// Claims of another size are the business of a later step, and a set of somebody else's is nobody's to ask about.
func TestAdmissibleBesideOthers(t *testing.T) {
	a := newAPI()
	a.put(setOf("1Gi"))
	wanted := setOf("2Gi")
	a.fail = func(r *http.Request) error {
		if r.Method != http.MethodPatch {
			return nil
		}
		if body, err := io.ReadAll(r.Body); err != nil || strings.Contains(string(body), "2Gi") || !strings.Contains(string(body), "1Gi") {
			t.Errorf("asked with %s, error %v", body, err)
		}
		return unmounted("demo-primary")
	}
	h := &admissibleHandler{target: a.target(t), action: plan.Admissible{Sets: []*appsv1.StatefulSet{wanted}}}
	if finding, err := h.Check(t.Context()); err != nil || finding.State != Blocked {
		t.Errorf("found %+v, error %v", finding, err)
	}
	foreign := setOf("1Gi")
	foreign.Labels = nil
	a.put(foreign)
	if finding, err := h.Check(t.Context()); err != nil || finding.State != Blocked || !strings.Contains(firstOf(finding.Details), "gpk has not made it") {
		t.Errorf("found %+v, error %v", finding, err)
	}
}

// A create whose StatefulSets are refused makes nothing but gpk's lock.
func TestCreateRefused(t *testing.T) {
	c := newCreation(t)
	c.api.fail = refusing("demo-mirror", unmounted("demo-mirror"))
	_, err := c.api.target(t).Run(t.Context(), c.plan, Options{Spec: "the file"}, func(Event) {})
	wantBlocked(t, err, "admissible", "the API server refuses StatefulSet/demo-mirror: spec.template")
	for resource := range kinds() {
		if made := c.api.names(resource); len(made) > 0 && resource != "leases" && !slices.Equal(made, []string{"passwords"}) {
			t.Errorf("made %s %q", resource, made)
		}
	}
}

// A preview and a diff tell it, whether the sets are there or not, and go on with what else there is to tell.
func TestRefusalTold(t *testing.T) {
	for name, there := range map[string][]plan.Object{
		"missing": nil,
		"there":   {setOf("10Gi")},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCreation(t)
			c.until("pods")
			c.api.stored = nil
			c.api.put(there...)
			c.api.fail = refusing("demo-primary", unmounted("demo-primary"))
			target := c.api.target(t)
			previews, err := target.Preview(t.Context(), c.plan)
			if err != nil {
				t.Fatal(err)
			}
			for _, preview := range previews {
				refused := strings.Contains(firstOf(preview.Finding.Details), "the API server refuses StatefulSet/demo-primary")
				if want := preview.Step.ID == "admissible" || preview.Step.ID == "pods" && there != nil; refused != want || refused && preview.Finding.State != Blocked {
					t.Errorf("%s: %+v", preview.Step.ID, preview.Finding)
				}
			}
			drift, err := target.Drift(t.Context(), c.plan)
			if err != nil {
				t.Fatal(err)
			}
			told := slices.DeleteFunc(drift, func(d Drift) bool { return !strings.Contains(d.Found, "refuses") })
			if len(told) != 1 || !strings.HasPrefix(told[0].Next, "nothing was changed") {
				t.Errorf("told %+v", told)
			}
		})
	}
}
