package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gpk/pkg/plan"
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

// A moving tag is refused, but where the cluster was made with it: an earlier gpk let it in.
func TestMovingTag(t *testing.T) {
	c := clusterOf(t, "7.1.0", "x/greenplum")
	moved := *c
	moved.Spec.Image = "x/greenplum:latest"
	file, moving := written(t, c), written(t, &moved)
	const refused = `spec.image: "x/greenplum:latest" is not allowed`
	const warning = "warning: spec.image: x/greenplum:latest: pods that are made later may get another release: give it a tag"
	for _, command := range [][]string{{"diff"}, {"create", "--update", "--dry-run"}, {"resize", "--dry-run"}} {
		s := &shelf{}
		gpk := s.serve(t, "analytics")
		with := func(more ...string) ran { return gpk(slices.Concat(command, more)...) }
		if command[0] != "resize" {
			with("-f", moving).wants(t, 2, "line 16: "+refused, "next: fix the lines above")
			with("-f", file, "--image", "x/greenplum:latest").wants(t, 2, "--image: "+refused)
		}
		s.record(t, c, nil)
		with("-f", moving).wants(t, 2, refused)
		s.record(t, &moved, nil)
		if r := with("-f", moving); !strings.Contains(r.err, warning) || strings.Contains(r.err, "is not allowed") {
			t.Errorf("%q: exit status %d, %q", command, r.status, r.err)
		}
	}
}

func TestDifferencesText(t *testing.T) {
	long := "the same words at the beginning of two lines, "
	all := []difference{
		{Difference: plan.Difference{Field: "spec.segments.count", From: "2", To: "4"}, Command: "gpk expand --segments 4"},
		{Difference: plan.Difference{Field: "spec.database.locale", From: "C", To: ""}, Why: "the databases have been made in it"},
		{Object: "Service/demo", Difference: plan.Difference{Field: "spec.type", From: "", To: "NodePort"}, Command: "gpk create -f f.yaml", Why: "note"},
		{Object: "ConfigMap/demo", Difference: plan.Difference{Field: "data[a]", From: "1\n2\n3\n", To: "1\n2\nthree\n"}, Command: "gpk create -f f.yaml"},
		{Object: "ConfigMap/demo", Difference: plan.Difference{Field: "data[b]", From: long + "one\n", To: long + "two\n"}, Command: "gpk create -f f.yaml"},
		{Object: "ConfigMap/demo", Difference: plan.Difference{Field: "data[c]", From: "", To: "1\n2\n"}, Command: "gpk create -f f.yaml"},
		{Found: "pod demo-0\nwaits " + strings.Repeat("and waits ", 30), Command: "gpk create -f f.yaml"},
	}
	out := differencesText("  ", all)
	want := `  spec.segments.count: 2 → 4                                                         gpk expand --segments 4
  spec.database.locale: C → absent                                                   cannot be changed after creation: the databases have been made in it
  Service/demo spec.type: absent → NodePort                                          gpk create -f f.yaml (note)
  ConfigMap/demo data[a]: line 3: "3" → "three"                                      gpk create -f f.yaml
  ConfigMap/demo data[b]: line 1: "…nning of two lines, one" → "…nning of two lines, two"  gpk create -f f.yaml
  ConfigMap/demo data[c]: absent → 2 lines                                           gpk create -f f.yaml
`
	got, last, _ := strings.Cut(out, "  pod demo-0 waits and waits")
	if diff := cmp.Diff(squeezed(want), squeezed(got)); diff != "" {
		t.Error(diff)
	}
	if !strings.HasSuffix(last, "…  gpk create -f f.yaml\n") || len(last) > 200 {
		t.Errorf("a long finding is not shortened: %q", last)
	}
	// What there is to do is in one column.
	columns := map[int]bool{}
	for line := range strings.Lines(got) {
		at := max(strings.Index(line, "  gpk "), strings.Index(line, "  cannot"))
		columns[len([]rune(line[:at]))] = true
	}
	if len(columns) != 1 {
		t.Errorf("the commands are not in one column:\n%s", got)
	}
}

func squeezed(text string) string {
	for strings.Contains(text, "   ") {
		text = strings.ReplaceAll(text, "   ", "  ")
	}
	return text
}
