package apply

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/plan"
	"gpk/pkg/topology"
	"gpk/test/apitest"
)

// dryRunner is a fake API server that answers the dry run of a StatefulSet, as servers of several ages do.
type dryRunner struct {
	t      *testing.T
	answer func(w http.ResponseWriter, set *appsv1.StatefulSet)
	asked  int
}

func (d *dryRunner) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.asked++
	if r.Method != http.MethodPatch || r.URL.Query().Get("dryRun") != "All" {
		d.t.Errorf("%s %s is no dry run", r.Method, r.URL)
	}
	set := &appsv1.StatefulSet{}
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, set)
	}
	if err != nil {
		d.t.Error(err)
	}
	w.Header().Set("Content-Type", "application/json")
	d.answer(w, set)
}

func keeps(w http.ResponseWriter, set *appsv1.StatefulSet) { _ = json.NewEncoder(w).Encode(set) }

func drops(w http.ResponseWriter, set *appsv1.StatefulSet) {
	terms := set.Spec.Template.Spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	for i := range terms {
		terms[i].MatchLabelKeys = nil
	}
	keeps(w, set)
}

func fails(code int, message string) func(http.ResponseWriter, *appsv1.StatefulSet) {
	return func(w http.ResponseWriter, _ *appsv1.StatefulSet) {
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(&metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
			Status: metav1.StatusFailure, Code: int32(code), Message: message})
	}
}

func TestAdapted(t *testing.T) {
	const unknown = "failed to create typed patch object (analytics/demo-primary; apps/v1, Kind=StatefulSet): " +
		".spec.template.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].matchLabelKeys: field not declared in schema"
	tests := map[string]struct {
		answer   func(http.ResponseWriter, *appsv1.StatefulSet)
		roleWide bool
	}{
		"a server that knows the field":                 {keeps, false},
		"one that drops it":                             {drops, true},
		"one that has never heard of it":                {fails(http.StatusInternalServerError, unknown), true},
		"no namespace yet: its own step will say so":    {fails(http.StatusNotFound, `namespaces "analytics" not found`), false},
		"no right to do that: its own step will say so": {fails(http.StatusForbidden, "forbidden"), false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := &topology.Cluster{Metadata: topology.Metadata{Name: "demo", Namespace: "analytics"}}
			c.Spec.Version, c.Spec.Image, c.Spec.Segments.Count = "7.1.0", "registry.example/greenplum", 2
			c.Default()
			p, err := plan.Create(c)
			if err != nil {
				t.Fatal(err)
			}
			server := &dryRunner{t: t, answer: test.answer}
			target := clusterFor(t, apitest.ConfigOf(server))
			adapted, err := target.adapted(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			if server.asked != 1 {
				t.Errorf("asked %d times", server.asked)
			}
			if (adapted.PairRule() == nil) != test.roleWide {
				t.Errorf("role-wide: %v", adapted.PairRule() == nil)
			}
			if p.PairRule() == nil {
				t.Error("the plan itself was changed")
			}
			for _, set := range adapted.Steps[0].Action.(plan.Capacity).Sets {
				if plan.PairRuleIn(set) && test.roleWide {
					t.Errorf("the room for %s is looked for under the pair rule", set.Name)
				}
			}
			notes := strings.Join(adapted.Steps[0].Action.(plan.Capacity).Notes, "")
			if strings.Contains(notes, "matchLabelKeys") != test.roleWide {
				t.Errorf("notes %q", notes)
			}
		})
	}
}
