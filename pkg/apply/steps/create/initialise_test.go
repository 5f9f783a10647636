package create

import (
	"testing"

	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
	"gpk/test/apitest"
)

// gpk's part of pg_hba.conf goes to the instances that are up.
func TestSegmentPods(t *testing.T) {
	h := &initialiseHandler{action: plan.Initialise{Topology: topology.New(apitest.Cluster(t))}}
	var catalogue segments.Catalogue
	for _, i := range h.action.Topology.Instances {
		catalogue = append(catalogue, segments.Row{Content: i.Content, Role: i.Role, Host: i.Host, Dir: i.Dir, Status: map[bool]string{true: "d", false: "u"}[i.Role == "m"]})
	}
	found := map[string]int{}
	for _, pod := range h.segmentPods(catalogue) {
		found[pod.Pod] = len(pod.Dirs)
	}
	if len(found) != 2 || found["demo-primary-0"] != 1 || found["demo-mirror-0"] != 0 {
		t.Errorf("%v", found)
	}
}
