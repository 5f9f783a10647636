package main

import (
	"testing"
	"time"

	"gpk/pkg/apply/record"
)

// Whatever has not come to its end, a cluster can be taken away with its data, and nothing of it is in the way of a new one of
// the name. Its volumes are not kept half-way.
func TestDeleteAmid(t *testing.T) {
	for _, operation := range []string{"expand", "failover", "upgrade", "resize"} {
		t.Run(operation, func(t *testing.T) {
			s := &shelf{}
			gpk := s.serve(t, "analytics")
			c := clusterOf(t, "7.1.0", "x/greenplum")
			s.record(t, c, &record.Unfinished{Operation: operation, Since: time.Now(), Resume: "gpk " + operation, To: "demo-coordinator-1"})
			claim := analytics + "persistentvolumeclaims/data-demo-primary-7"
			s.put(claim, map[string]any{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": map[string]any{"labels": labels("demo")}})

			gpk("delete").wants(t, 1, "the "+operation+" of demo", "nothing was changed", "finish it with `gpk "+operation+"`", "`gpk delete --delete-data`")
			gpk("delete", "--delete-data").wants(t, 2, "was not confirmed")
			if len(s.changes) > 0 || !s.has(claim) {
				t.Fatalf("refused, it has changed %q", s.changes)
			}
			gpk("delete", "--delete-data", "--confirm", "demo").wants(t, 0, "demo and its data are deleted")
			for _, left := range []string{claim, analytics + "configmaps/demo-gpk", "/apis/coordination.k8s.io/v1/namespaces/analytics/leases/demo-gpk"} {
				if s.has(left) {
					t.Errorf("%s is left", left)
				}
			}
			gpk("create", "-f", written(t, c), "--dry-run").wants(t, 3, "missing")
		})
	}
}
