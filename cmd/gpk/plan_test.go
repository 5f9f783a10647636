package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Manifests are applied by kubectl in the order of their names. A folder that cannot be used is left as it is.
func TestManifests(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	file := written(t, clusterOf(t, "7.1.0", "x/greenplum"))
	folder := filepath.Join(t.TempDir(), "a b", "c")
	r := typed(t, "", "plan", "-f", file, "--manifests", folder)
	r.wants(t, 0, "manifests are in "+folder)
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) < 10 {
		t.Fatalf("%v, %d files", err, len(entries))
	}
	waves := map[string]string{}
	for _, entry := range entries {
		wave, kind, _ := strings.Cut(entry.Name(), "-")
		kind, _, _ = strings.Cut(kind, "-")
		waves[kind] = wave
	}
	if waves["service"] >= waves["persistentvolumeclaim"] || waves["persistentvolumeclaim"] >= waves["statefulset"] {
		t.Errorf("the kinds are in waves %v", waves)
	}
	if err := os.WriteFile(filepath.Join(folder, "mine"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	typed(t, "", "plan", "-f", file, "--manifests", folder).wants(t, 2, folder+" is not empty", "next: name a new or an empty folder")
	after, err := os.ReadDir(folder)
	if err != nil || len(after) != len(entries)+1 {
		t.Errorf("%v, %d files of %d", err, len(after), len(entries)+1)
	}
}
