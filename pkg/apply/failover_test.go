package apply

import (
	"strings"
	"testing"

	"gpk/pkg/plan"
)

var bothCoordinators = []string{"demo-coordinator-0", "demo-coordinator-1"}

// made is a cluster that is up.
func made(t *testing.T) *creation {
	t.Helper()
	c := newCreation(t)
	if _, _, err := c.run(0); err != nil {
		t.Fatal(err)
	}
	c.api.failWith(nil)
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
			target := c.api.served(t)
			if test.decided != "" {
				if _, err := target.decide(t.Context(), actsIn(test.decided, nil)); err != nil {
					t.Fatal(err)
				}
			}
			p := plan.Failover(shape(t), plan.Takeover{From: bothCoordinators[0], To: bothCoordinators[1]}, plan.FailoverOptions{Force: test.force})
			for i, goesOn := range []State{Done, Pending} {
				h, err := target.handlers.of(p.Steps[i])
				if err != nil {
					t.Fatal(err)
				}
				finding, err := h.Check(t.Context())
				want := goesOn
				if test.stays {
					want = Blocked
				}
				if err != nil || finding.State != want || test.stays && !strings.Contains(finding.Next, "gpk failover --force") {
					t.Errorf("step %s: %+v, error %v; want %s", p.Steps[i].ID, finding, err, want)
				}
			}
		})
	}
}
