package main

import (
	"strings"
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

			gpk("delete").wants(t, 1, operation+" of demo started at", "nothing was changed", "finish it with `gpk "+operation+"`", "`gpk delete --delete-data`")
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

const claimOfDemo = analytics + "persistentvolumeclaims/data-demo-primary-0"

func aClaim() map[string]any {
	return map[string]any{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": map[string]any{"labels": labels("demo")}}
}

// What a script gives must name the cluster: --yes alone names none.
func TestDeleteByScripts(t *testing.T) {
	tests := map[string]struct {
		flags   []string
		status  int
		deleted bool
		says    string
	}{
		"nothing":                  {nil, 2, false, "was not confirmed: nothing was deleted\nnext: gpk delete --delete-data --confirm demo\n"},
		"its name":                 {[]string{"--confirm", "demo"}, 0, true, "demo and its data are deleted"},
		"another name":             {[]string{"--confirm", "demo2"}, 2, false, "was not confirmed"},
		"--yes":                    {[]string{"--yes"}, 2, false, "was not confirmed"},
		"--yes and its name":       {[]string{"--yes", "--cluster", "demo"}, 0, true, "demo and its data are deleted"},
		"its name without --yes":   {[]string{"--cluster", "demo"}, 2, false, "next: gpk delete --delete-data --confirm demo --cluster demo"},
		"--yes and a wrong name":   {[]string{"--yes", "--cluster", "demo", "--confirm", "other"}, 2, false, "was not confirmed"},
		"a cluster that is not":    {[]string{"--cluster", "none", "--confirm", "none"}, 0, false, "nothing of none is left to delete in namespace analytics"},
		"one of another namespace": {[]string{"-n", "elsewhere", "--confirm", "demo"}, 1, false, `there is no cluster in the namespace "elsewhere"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := &shelf{}
			gpk := s.serve(t, "analytics")
			s.record(t, clusterOf(t, "7.1.0", "x/greenplum"), nil)
			s.put(claimOfDemo, aClaim())
			gpk(append([]string{"delete", "--delete-data"}, test.flags...)...).wants(t, test.status, test.says)
			if s.has(claimOfDemo) == test.deleted {
				t.Errorf("the volume is left: %t", s.has(claimOfDemo))
			}
		})
	}
}

// GPK_YES and GPK_CLUSTER stand for every command, and so confirm no deletion.
func TestDeleteByStandingSettings(t *testing.T) {
	s := &shelf{}
	gpk := s.serve(t, "analytics")
	s.record(t, clusterOf(t, "7.1.0", "x/greenplum"), nil)
	t.Setenv("GPK_YES", "true")
	t.Setenv("GPK_CLUSTER", "demo")
	gpk("delete", "--delete-data").wants(t, 2, "was not confirmed")
	if len(s.changes) > 0 {
		t.Errorf("it has changed %q", s.changes)
	}
	// Machines get what happened, and only that.
	r := gpk("delete", "--delete-data", "--confirm", "demo", "-o", "json", "--quiet")
	r.wants(t, 0, `"changed": `)
	if r.err != "" || strings.Contains(r.out, "deleted") {
		t.Errorf("%q and %q", r.out, r.err)
	}
}
