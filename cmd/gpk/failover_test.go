package main

import "testing"

// Nobody can make the mirror the primary where there is none, and no recover makes one.
func TestSwitchWithoutMirrors(t *testing.T) {
	s := &shelf{}
	gpk := s.serve(t, "analytics")
	c := clusterOf(t, "7.1.0", "x/greenplum")
	c.Spec.Segments.Mirrors = new(false)
	s.record(t, c, nil)
	for _, command := range [][]string{{"failover", "--segment", "0"}, {"failover", "--segment", "0", "--dry-run"}} {
		gpk(command...).wants(t, 1, "content 0 has no mirror: demo was made without mirrors", "next: restart the segment's pod")
	}
	if len(s.changes) > 0 {
		t.Errorf("it has changed %q", s.changes)
	}
}
