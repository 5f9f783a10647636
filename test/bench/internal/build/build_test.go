package build

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestBinaryIsBuiltOncePerContent(t *testing.T) {
	cache := Cache{Dir: t.TempDir()}
	source := t.TempDir()
	write(t, filepath.Join(source, "main.go"), "package main // 1")
	builds := 0
	get := func() string {
		t.Helper()
		path, _, err := cache.binary(t.Context(), "kube", source, func(out string) error {
			builds++
			write(t, out, "binary")
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	first := get()
	if get() != first || builds != 1 {
		t.Errorf("unchanged sources were built %d times", builds)
	}
	write(t, filepath.Join(source, "main_test.go"), "package main")
	if get() != first || builds != 1 {
		t.Error("a test's file is taken for a source")
	}
	write(t, filepath.Join(source, "main.go"), "package main // 2")
	second := get()
	if second == first || builds != 2 {
		t.Error("changed sources were not built again")
	}
	write(t, filepath.Join(source, "inner", "inner.go"), "package inner")
	if get() == second || builds != 3 {
		t.Error("a package below is not taken for a source")
	}
	if _, err := os.Stat(first); err == nil {
		t.Error("the binary of the earlier sources is left")
	}
}

func TestKubectlHasOneName(t *testing.T) {
	cache := Cache{Dir: t.TempDir(), Source: t.TempDir()}
	for _, content := range []string{"package main // 1", "package main // 2"} {
		write(t, filepath.Join(cache.Source, "components", "main.go"), content)
		hash, err := hashSources(filepath.Join(cache.Source, "components"))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(cache.Dir, "bin", "kubectl-"+hash), content) // as if it were built
		for range 2 {
			path, _, err := cache.Kubectl(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(path); err != nil || string(got) != content || filepath.Base(path) != "kubectl" {
				t.Errorf("%s leads to %q, %v; want %q", path, got, err, content)
			}
		}
	}
}

func TestFailedBuildLeavesNoBinary(t *testing.T) {
	cache := Cache{Dir: t.TempDir()}
	source := t.TempDir()
	write(t, filepath.Join(source, "main.go"), "package main")
	broken := errors.New("broken")
	_, _, err := cache.binary(t.Context(), "kube", source, func(out string) error {
		write(t, out, "half")
		return broken
	})
	if !errors.Is(err, broken) {
		t.Fatalf("error %v, want the build's", err)
	}
	left, err := filepath.Glob(filepath.Join(cache.Dir, "bin", "kube-*"))
	for _, path := range left {
		if !strings.HasSuffix(path, ".new") {
			t.Errorf("left %s, %v", path, err)
		}
	}
}

func TestComplaints(t *testing.T) {
	said := "go: downloading k8s.io/api v0.34.4\nmain.go:3:1: syntax error\n"
	if got := complaints(said); got != "main.go:3:1: syntax error\n" {
		t.Errorf("left %q", got)
	}
}

func TestRequiredVersion(t *testing.T) {
	gomod := filepath.Join(t.TempDir(), "go.mod")
	write(t, gomod, "module m\n\nrequire (\n\tk8s.io/kubernetes-extras v9.9.9\n\tk8s.io/kubernetes v1.34.4\n)\n\nreplace k8s.io/api => k8s.io/api v0.34.4\n")
	got, err := requiredVersion(gomod, "k8s.io/kubernetes")
	if err != nil || got != "v1.34.4" {
		t.Errorf("version %q, %v; want v1.34.4", got, err)
	}
	if got, err := requiredVersion(gomod, "k8s.io/api"); err == nil {
		t.Errorf("version %q of a module that is not required", got)
	}
}

func TestVersionFlags(t *testing.T) {
	flags := versionFlags("v1.34.4")
	for _, want := range []string{"version.gitVersion=v1.34.4", "version.gitMajor=1", "version.gitMinor=34"} {
		if !strings.Contains(flags, want) {
			t.Errorf("flags %q lack %s", flags, want)
		}
	}
}

func TestMissing(t *testing.T) {
	all := []tool{{"ctr", "containerd"}, {"containerd", "containerd"}, {"ip", "iproute2"}, {"runc", "runc"}}
	got := missing(all, func(program string) bool { return program == "ip" })
	if want := []string{"containerd", "runc"}; !slices.Equal(got, want) {
		t.Errorf("missing %v, want %v", got, want)
	}
	if got := missing(all, func(string) bool { return true }); len(got) != 0 {
		t.Errorf("missing %v where all is there", got)
	}
}
