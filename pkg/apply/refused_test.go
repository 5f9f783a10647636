package apply

import (
	"slices"
	"strings"
	"testing"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/test/apitest"
)

// A create whose StatefulSets are refused makes nothing but gpk's lock.
func TestCreateRefused(t *testing.T) {
	c := newCreation(t)
	c.api.Fail = apitest.Refusing("demo-mirror", apitest.Unmounted("demo-mirror"))
	_, err := clusterFor(t, apitest.ConfigOf(c.api)).Run(t.Context(), c.plan, Options{Spec: "the file"}, unheard())
	wantBlocked(t, err, "admissible", "the API server refuses StatefulSet/demo-mirror: spec.template")
	for resource := range apitest.Kinds() {
		if made := c.api.Names(resource); len(made) > 0 && resource != "leases" && !slices.Equal(made, []string{"passwords"}) {
			t.Errorf("made %s %q", resource, made)
		}
	}
}

// A preview and a diff tell it, whether the sets are there or not, and go on with what else there is to tell.
func TestRefusalTold(t *testing.T) {
	for name, there := range map[string][]plan.Object{
		"missing": nil,
		"there":   {apitest.SetOf("10Gi")},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCreation(t)
			c.until("pods")
			c.api.Stored = nil
			c.api.Put(there...)
			c.api.Fail = apitest.Refusing("demo-primary", apitest.Unmounted("demo-primary"))
			target := clusterFor(t, apitest.ConfigOf(c.api))
			previews, err := target.Preview(t.Context(), c.plan)
			if err != nil {
				t.Fatal(err)
			}
			for _, preview := range previews {
				refused := strings.Contains(engine.FirstOf(preview.Finding.Details), "the API server refuses StatefulSet/demo-primary")
				if want := preview.Step.ID == "admissible" || preview.Step.ID == "pods" && there != nil; refused != want || refused && preview.Finding.State != engine.Blocked {
					t.Errorf("%s: %+v", preview.Step.ID, preview.Finding)
				}
			}
			drift, err := target.Drift(t.Context(), c.plan)
			if err != nil {
				t.Fatal(err)
			}
			told := slices.DeleteFunc(drift, func(d engine.Drift) bool { return !strings.Contains(d.Found, "refuses") })
			if len(told) != 1 || !strings.HasPrefix(told[0].Next.String(), "nothing was changed") {
				t.Errorf("told %+v", told)
			}
		})
	}
}
