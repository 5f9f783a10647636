package apply

import (
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

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

// cutting breaks the first n questions to the coordinator's pod, and counts all.
func (c *creation) cutting(n int32) *atomic.Int32 {
	var asked atomic.Int32
	c.api.exec = func(pod string, argv []string, stdin io.Reader, out, errs io.Writer) int {
		if pod == bothCoordinators[0] && slices.Contains(argv, "coordinator") && asked.Add(1) <= n {
			return cut
		}
		return c.database.exec(pod, argv, stdin, out, errs)
	}
	return &asked
}

// One exec that breaks does not make a coordinator a dead one. Two in a row do, for a while, and after that one question is
// enough to see that it still is.
func TestCoordinatorAskedAgain(t *testing.T) {
	tests := map[string]struct {
		cut     int32
		healthy bool
		asked   int32
	}{
		"well":      {0, true, 1},
		"cut once":  {1, true, 2},
		"cut twice": {3, false, 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := made(t)
			asked := c.cutting(test.cut)
			target := c.api.served(t)
			from, to, healthy, err := target.Takeover(t.Context(), bothCoordinators)
			if err != nil || healthy != test.healthy || from != bothCoordinators[0] || to != bothCoordinators[1] {
				t.Errorf("from %s to %s, healthy %t, error %v", from, to, healthy, err)
			}
			if asked.Load() != test.asked || target.isLost(bothCoordinators[0]) == test.healthy {
				t.Errorf("asked %d times, lost is %t", asked.Load(), target.isLost(bothCoordinators[0]))
			}
			if test.healthy {
				return
			}
			for asks, healthy := range []bool{false, true} {
				target.lost.Store(bothCoordinators[0], time.Now().Add(-lostHolds))
				_, _, now, err := target.Takeover(t.Context(), bothCoordinators)
				if total := test.asked + int32(asks) + 1; err != nil || now != healthy || asked.Load() != total {
					t.Errorf("later: healthy %t after %d questions, error %v; want %t after %d", now, asked.Load(), err, healthy, total)
				}
			}
		})
	}
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
				h, err := target.handler(p.Steps[i])
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
