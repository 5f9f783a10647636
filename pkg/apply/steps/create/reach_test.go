package create

import (
	"slices"
	"testing"

	"gpk/pkg/plan"
)

// start does not wait for the standby's host.
func TestStandbyHostIsSpare(t *testing.T) {
	both := []string{"demo-coordinator-0.demo", "demo-coordinator-1.demo"}
	for i, acts := range []string{"demo-coordinator-0", "demo-coordinator-1"} {
		h := &reachHandler{action: plan.Reach{From: acts, Hosts: append(slices.Clone(both), "demo-primary-0.demo"), Spare: both}}
		if got := h.needed(); !slices.Equal(got, []string{both[i], "demo-primary-0.demo"}) {
			t.Errorf("from %s: %q", acts, got)
		}
	}
}
