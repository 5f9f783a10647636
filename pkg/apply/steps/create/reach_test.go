package create

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"gpk/pkg/apply/engine"
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

// Whose pods do not find the DNS domain is told which field to give, and which command makes new pods.
func TestWrongDomain(t *testing.T) {
	told, ok := errors.AsType[*engine.NextError](wrongDomain(errors.New("a: no address, and … does not name the cluster's domain, as spec.network.clusterDomain can")))
	if !ok || !strings.Contains(told.Next.String(), "give spec.network.clusterDomain") || !strings.Contains(told.Next.String(), "gpk delete") {
		t.Errorf("%+v", told)
	}
	for _, err := range []error{nil, errors.New("the DNS has no address for it")} {
		if got := wrongDomain(err); !errors.Is(got, err) || errors.Unwrap(got) != nil {
			t.Errorf("of %v: %v", err, got)
		}
	}
}
