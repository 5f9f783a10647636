package main

import (
	"strings"
	"testing"
)

// Where somebody else has an object of the name, diff says so instead of in what it differs, and create changes nothing.
func TestDiffOfForeignObjects(t *testing.T) {
	c := clusterOf(t, "7.1.0", "x/greenplum")
	file := written(t, c)
	const lease = "/apis/coordination.k8s.io/v1/namespaces/analytics/leases/demo-gpk"
	for path, test := range map[string]struct {
		object map[string]any
		found  string
	}{
		analytics + "configmaps/demo-gpk": {map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "data": map[string]any{"cluster.yaml": "theirs: 1"}},
			"ConfigMap/demo-gpk exists already, and gpk has not made it"},
		analytics + "configmaps/demo-state": {map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "data": map[string]any{"coordinator": "x"}},
			"ConfigMap/demo-state exists already, and gpk has not made it"},
		analytics + "secrets/demo-ssh": {map[string]any{"apiVersion": "v1", "kind": "Secret"},
			"Secret/demo-ssh exists already, and gpk has not made it"},
		analytics + "services/demo": {map[string]any{"apiVersion": "v1", "kind": "Service", "metadata": map[string]any{"labels": labels("other")}},
			"Service/demo belongs to the cluster other"},
	} {
		t.Run(test.found, func(t *testing.T) {
			s := &shelf{}
			gpk := s.serve(t, "analytics")
			s.put(path, test.object)
			s.changes = nil
			gpk("diff", "-f", file).wants(t, 3, test.found+"  ", "gpk did not change it: ")
			gpk("diff", "-f", file, "-o", "json").wants(t, 3, `"found": "`+test.found+`",`, `"command": "gpk did not change it: `)
			for _, request := range s.changes {
				if !strings.HasSuffix(request, "/exec") {
					t.Errorf("diff has asked for %s", request)
				}
			}
		})
	}
	for _, path := range []string{analytics + "configmaps/demo-gpk", analytics + "configmaps/demo-state", lease} {
		s := &shelf{}
		gpk := s.serve(t, "analytics")
		kind, version := "ConfigMap", "v1"
		if path == lease {
			kind, version = "Lease", "coordination.k8s.io/v1"
		}
		s.put(path, map[string]any{"apiVersion": version, "kind": kind})
		gpk("create", "-f", file).wants(t, 1, "error: "+kind+"/demo-", "next: gpk did not change it: ")
		if len(s.changes) > 0 {
			t.Errorf("beside %s, create has changed %q", path, s.changes)
		}
	}
}
