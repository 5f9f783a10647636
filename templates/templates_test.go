package templates_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"

	"gpk/templates"
)

// Every manifest is whole as it stands: of a known kind, without a field that the kind does not have.
func TestManifestsDecode(t *testing.T) {
	paths, err := filepath.Glob("*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no manifests: %v", err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var meta runtime.TypeMeta
		if err := yaml.Unmarshal(data, &meta); err != nil {
			t.Fatal(err)
		}
		object, err := scheme.Scheme.New(meta.GroupVersionKind())
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if err := templates.Decode(strings.TrimSuffix(path, ".yaml"), object); err != nil {
			t.Error(err)
		}
		if !strings.HasPrefix(string(data), "# ") {
			t.Errorf("%s does not say what it is for", path)
		}
	}
}

func TestDecodeIsStrict(t *testing.T) {
	if err := templates.Decode("statefulset", &corev1.Service{}); err == nil || !strings.Contains(err.Error(), "manifest statefulset") {
		t.Errorf("fields that the type does not have: %v", err)
	}
	if err := templates.Decode("no-such", &appsv1.StatefulSet{}); err == nil || !strings.Contains(err.Error(), "no-such") {
		t.Errorf("a manifest that is not there: %v", err)
	}
}

// The binary carries every script, and every script says how it is run and fails on what it does not know.
func TestScripts(t *testing.T) {
	scripts, err := templates.Scripts()
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir("scripts")
	if err != nil || len(entries) != len(scripts) {
		t.Errorf("%d files, %d scripts: %v", len(entries), len(scripts), err)
	}
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join("scripts", entry.Name()))
		if err != nil || scripts[entry.Name()] != string(data) {
			t.Errorf("%s is not carried as it is: %v", entry.Name(), err)
		}
		if strings.HasSuffix(entry.Name(), ".sh") && !strings.HasPrefix(string(data), "#!/bin/bash\n# ") {
			t.Errorf("%s does not begin with what runs it and what it does", entry.Name())
		}
	}
}
