package apply

import (
	"strings"
	"testing"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/test/apitest"
)

var bothCoordinators = []string{"demo-coordinator-0", "demo-coordinator-1"}

// made is a cluster that is up.
func made(t *testing.T) *creation {
	t.Helper()
	c := newCreation(t)
	if _, _, err := c.run(0); err != nil {
		t.Fatal(err)
	}
	c.api.FailWith(nil)
	return c
}

// A coordinator that answers is switched from by --force only, or where a takeover has been begun that has its decision noted.
func TestAnsweringCoordinatorStays(t *testing.T) {
	tests := map[string]struct {
		force   bool
		decided string
		stays   bool
	}{
		"nobody wants it away":       {false, "", true},
		"it is noted itself":         {false, bothCoordinators[0], true},
		"it is forced":               {true, bothCoordinators[0], false},
		"a takeover that was cut":    {false, bothCoordinators[1], false},
		"one by force that was, too": {true, bothCoordinators[1], false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := made(t)
			target := clusterFor(t, apitest.Served(t, c.api))
			if test.decided != "" {
				if _, err := target.store.Decide(t.Context(), record.ActsIn(test.decided, nil)); err != nil {
					t.Fatal(err)
				}
			}
			p := plan.Failover(apitest.Cluster(t), plan.Takeover{From: bothCoordinators[0], To: bothCoordinators[1]}, plan.FailoverOptions{Force: test.force})
			for i, goesOn := range []engine.State{engine.Done, engine.Pending} {
				h, err := target.handlers.Of(p.Steps[i])
				if err != nil {
					t.Fatal(err)
				}
				finding, err := h.Check(t.Context())
				want := goesOn
				if test.stays {
					want = engine.Blocked
				}
				if err != nil || finding.State != want || test.stays && !strings.Contains(finding.Next.String(), "gpk failover --force") {
					t.Errorf("step %s: %+v, error %v; want %s", p.Steps[i].ID, finding, err, want)
				}
			}
		})
	}
}
