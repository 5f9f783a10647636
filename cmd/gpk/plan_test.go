package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
)

func TestPreview(t *testing.T) {
	done := engine.Preview{Step: plan.Step{ID: "keys", Title: "ssh keys"}, Finding: engine.Finding{State: engine.Done}}
	pending := engine.Preview{Step: plan.Step{ID: "pods", Title: "pods running"}, Finding: engine.Finding{State: engine.Pending, Details: []string{"pod a", "pod b"}}}
	blocked := engine.Preview{Step: plan.Step{ID: "synced", Title: "mirrors in sync"}, Finding: engine.Finding{State: engine.Blocked,
		Next: engine.Next(plan.Gpk("recover"), " brings them up")}}
	tests := map[string]struct {
		previews []engine.Preview
		status   int
		people   string
		machines string
	}{
		"no steps":     {nil, 0, "no changes\n", "[]\n"},
		"all is done":  {[]engine.Preview{done}, 0, "no changes\n", `"state": "done"`},
		"one is to do": {[]engine.Preview{done, pending}, 3, "done     ssh keys\npending  pods running\n         - pod a\n         - pod b\n", `"details": [`},
		"one is hopeless": {[]engine.Preview{blocked}, 3,
			"blocked  mirrors in sync\n         next: `gpk recover -n other --cluster demo` brings them up\n", "\"next\": \"`gpk recover -n other --cluster demo` brings them up\""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var people, machines strings.Builder
			if err := aimedElsewhere(streams{out: &people}).preview(test.previews, nil); status(err) != test.status || people.String() != test.people {
				t.Errorf("%v, and people read\n%s", err, people.String())
			}
			a := aimedElsewhere(streams{out: &machines})
			a.settings.Set("output", "json")
			if err := a.preview(test.previews, nil); status(err) != test.status || !strings.Contains(machines.String(), test.machines) {
				t.Errorf("%v, and machines read\n%s", err, machines.String())
			}
		})
	}
	var text strings.Builder
	wrong := errors.New("no answer")
	if err := aimedElsewhere(streams{out: &text}).preview(tests["one is to do"].previews, wrong); !errors.Is(err, wrong) || text.Len() > 0 {
		t.Errorf("%v, and half of an answer: %q", err, text.String())
	}
}

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
