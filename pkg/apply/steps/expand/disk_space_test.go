package expand

import (
	"testing"

	"gpk/pkg/apply/database"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// A pod gets what its new segments take, less what its older ones give.
func TestExpandRows(t *testing.T) {
	catalogue := segments.Catalogue{{Content: -1, Role: "p", Host: "demo-coordinator-0.demo"}}
	for content, pod := range []string{"demo-primary-0", "demo-primary-0", "demo-primary-1"} {
		catalogue = append(catalogue, segments.Row{Content: int32(content), Role: "p", Host: pod + ".demo"})
	}
	h := &roomHandler{action: plan.Room{Total: 4}}
	for pod, want := range map[string]int64{"demo-primary-0": 25, "demo-primary-1": 50, "demo-primary-2": 75} {
		if got := h.rows(catalogue, database.PodDirs{Pod: pod, Dirs: []string{"/greenplum/primary/gpseg3"}}, 300); got != want {
			t.Errorf("pod %s gets %d, want %d", pod, got, want)
		}
	}
	if got := h.rows(catalogue[:2], database.PodDirs{Pod: "demo-primary-0", Dirs: []string{"/greenplum/primary/gpseg1"}}, 300); got != 0 {
		t.Errorf("a pod that gives most away gets %d", got)
	}
}
