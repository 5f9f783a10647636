package create

import (
	"testing"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/test/apitest"
	"gpk/test/roomtest"
)

// The pods know the hosts once they are recorded, and again when there are others. What else is decided stays.
func TestHosts(t *testing.T) {
	a := apitest.New()
	c := roomtest.New(t, apitest.ConfigOf(a))
	if _, err := c.Store.Decide(t.Context(), map[string]string{plan.StateCoordinator: "demo-coordinator-1"}); err != nil {
		t.Fatal(err)
	}
	for _, hosts := range [][]string{{"a.demo"}, {"a.demo", "b.demo"}} {
		h := &hostsHandler{c.Store, plan.Hosts{Hosts: hosts}}
		if finding, err := h.Check(t.Context()); err != nil || finding.State != engine.Pending {
			t.Errorf("%v before: %+v, error %v", hosts, finding, err)
		}
		if err := h.Do(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if finding, err := h.Check(t.Context()); err != nil || finding.State != engine.Done {
			t.Errorf("%v afterwards: %+v, error %v", hosts, finding, err)
		}
		state, err := c.Store.State(t.Context())
		if err != nil || state[plan.StateHosts] != record.HostLines(hosts) || state[plan.StateCoordinator] != "demo-coordinator-1" {
			t.Errorf("%v: recorded %v, error %v", hosts, state, err)
		}
	}
}
