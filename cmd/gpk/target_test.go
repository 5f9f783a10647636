package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Which cluster a command is about: the one that is named, or the only one of the namespace.
func TestWhichCluster(t *testing.T) {
	tests := map[string]struct {
		clusters []string
		args     []string
		status   int
		says     []string
	}{
		"none":              {nil, nil, 1, []string{`there is no cluster in the namespace "analytics"`, "name another one with -n, or make one with `gpk create -f cluster.yaml`"}},
		"none of the name":  {[]string{"a", "b"}, []string{"--cluster", "c"}, 1, []string{`there is no cluster "c" in the namespace "analytics"`, "next: name one of: a, b"}},
		"several":           {[]string{"b", "a"}, nil, 2, []string{`the namespace "analytics" has several clusters: name one with --cluster: a, b`}},
		"one of several":    {[]string{"a", "b"}, []string{"--cluster", "b"}, 1, []string{"b has no pods"}},
		"the only one":      {[]string{"a"}, nil, 1, []string{"a has no pods"}},
		"another namespace": {[]string{"a"}, []string{"-n", "x"}, 1, []string{`there is no cluster in the namespace "x"`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := &shelf{}
			gpk := s.serve(t, "analytics")
			for _, cluster := range test.clusters {
				c := clusterOf(t, "7.1.0", "x/greenplum")
				c.Metadata.Name = cluster
				s.record(t, c, nil)
			}
			gpk(append([]string{"logs"}, test.args...)...).wants(t, test.status, test.says...)
			if len(s.changes) > 0 {
				t.Errorf("it has changed %q", s.changes)
			}
		})
	}
}

// Without a kubeconfig, with a broken one, and with a context that there is not, gpk says what to name.
func TestWrongKubeconfigs(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	for name, test := range map[string]struct{ text, says, next string }{
		"none":        {"", "no API server is named: there is no kubeconfig in ", "next: name one with --kubeconfig or KUBECONFIG"},
		"no YAML":     {"{", "kubeconfig: ", "next: fix that file, or name another one"},
		"no current":  {"{apiVersion: v1, kind: Config, contexts: [{name: b, context: {}}, {name: a, context: {}}]}", "kubeconfig: ", "next: name a context with --context: a, b"},
		"no contexts": {"{apiVersion: v1, kind: Config}", "no API server is named", "next: name one with --kubeconfig or KUBECONFIG"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "kubeconfig")
			t.Setenv("KUBECONFIG", file)
			if test.text != "" {
				if err := os.WriteFile(file, []byte(test.text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			typed(t, "", "status").wants(t, 2, test.says, test.next)
		})
	}
}

// Next commands name a file as a shell reads it, and the cluster wherever it is.
func TestNextCommandsWithSpaces(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	folder := filepath.Join(t.TempDir(), "my clusters")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, "sales.yaml")
	typed(t, "", "init", "sales", "-f", file).wants(t, 0, file+" is written: edit it, then run `gpk create -f '"+file+"' --dry-run`")
	typed(t, "", "init", "sales", "-f", file).wants(t, 2, file+" exists already and was not changed", "next: name another file, or remove that one")
	typed(t, "", "create", file).wants(t, 2, "a file goes with -f", "next: gpk create -f '"+file+"'\n")
	r := typed(t, "", "init", "other", "-f", "-")
	if r.status != 0 || !strings.Contains(r.out, "name: other\n") {
		t.Errorf("%+v", r)
	}

	s := &shelf{}
	gpk := s.serve(t, "own")
	c := clusterOf(t, "7.1.0", "x/greenplum")
	s.record(t, c, nil)
	s.put(analytics+"services/demo-coordinator", map[string]any{"apiVersion": "v1", "kind": "Service", "spec": map[string]any{"selector": map[string]any{"a": "b"}}})
	c.Spec.Segments.Count = 4
	text, err := os.ReadFile(written(t, c))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	gpk("create", "-f", file).wants(t, 2, "spec.segments.count: 1 → 4  gpk expand --segments 4 -n analytics --cluster demo",
		"next: nothing was changed: restore the old values in the file, or run the commands above")
	gpk("delete", "--delete-data", "-n", "analytics").wants(t, 2, "next: gpk delete --delete-data --confirm demo -n analytics --cluster demo\n")
}
