package machine

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// hierarchies lays out folders as the kernel does, with only the files that tell
// a hierarchy from a folder: what the kernel does with them is seen on a real bench.
func hierarchies(t *testing.T, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, file := range files {
		path := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestOpenGroups(t *testing.T) {
	tests := []struct {
		name  string
		files []string
		want  []string
		fails bool
	}{
		{"version 2", []string{"cgroup.controllers", "cgroup.procs", "system.slice/cgroup.procs"}, []string{"."}, false},
		{"version 1", []string{"memory/cgroup.procs", "pids/cgroup.procs", "notes/readme"}, []string{"memory", "pids"}, false},
		{"both", []string{"pids/cgroup.procs", "unified/cgroup.procs"}, []string{"pids", "unified"}, false},
		{"none", nil, nil, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := hierarchies(t, tt.files...)
			groups, err := OpenGroups(dir, "gpk-bench-1")
			if (err != nil) != tt.fails {
				t.Fatalf("error: %v", err)
			}
			if tt.fails {
				return
			}
			var want []string
			for _, sub := range tt.want {
				want = append(want, filepath.Join(dir, sub))
			}
			if !slices.Equal(groups.roots, want) {
				t.Errorf("roots %v, want %v", groups.roots, want)
			}
		})
	}
}

func TestGroupsComeAndGo(t *testing.T) {
	dir := hierarchies(t, "memory/cgroup.procs", "pids/cgroup.procs", "pids/other/cgroup.procs")
	groups, err := OpenGroups(dir, "gpk-bench-1")
	if err != nil {
		t.Fatal(err)
	}
	if err := groups.Make("node1/pods"); err != nil {
		t.Fatal(err)
	}
	for _, hierarchy := range []string{"memory", "pids"} {
		if !isDir(filepath.Join(dir, hierarchy, "gpk-bench-1/node1/pods")) {
			t.Errorf("no group in %s", hierarchy)
		}
	}
	if err := groups.Empty("", time.Second); err != nil {
		t.Errorf("empty groups: %v", err)
	}
	if err := groups.Remove("", time.Second); err != nil {
		t.Fatal(err)
	}
	for _, hierarchy := range []string{"memory", "pids"} {
		if isDir(filepath.Join(dir, hierarchy, "gpk-bench-1")) {
			t.Errorf("the group is left in %s", hierarchy)
		}
	}
	if !isDir(filepath.Join(dir, "pids/other")) {
		t.Error("someone else's group was removed")
	}
	if err := groups.Remove("", time.Second); err != nil {
		t.Errorf("removing what is gone: %v", err)
	}
}

func TestWeigh(t *testing.T) {
	dir := hierarchies(t, "cpu/cgroup.procs", "cpu/gpk-bench-1/control/cpu.shares", "memory/cgroup.procs", "memory/gpk-bench-1/control/tasks")
	groups, err := OpenGroups(dir, "gpk-bench-1")
	if err != nil {
		t.Fatal(err)
	}
	for _, weight := range []int{8, 0} {
		if err := groups.Weigh("control", weight); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(dir, "cpu/gpk-bench-1/control/cpu.shares")); string(got) != "8192" {
			t.Errorf("shares %q, %v", got, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "memory/gpk-bench-1/control/cpu.shares")); err == nil {
		t.Error("a file was made where there was none")
	}
}

func TestInheritProcessors(t *testing.T) {
	dir := hierarchies(t, "cpuset.cpus", "child/cpuset.cpus", "own/cpuset.cpus")
	write := func(file, value string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, file), []byte(value), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("cpuset.cpus", "0-1\n")
	write("own/cpuset.cpus", "1\n")
	for child, want := range map[string]string{"child": "0-1\n", "own": "1\n"} {
		if err := inherit(dir, filepath.Join(dir, child), "cpuset.cpus"); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(filepath.Join(dir, child, "cpuset.cpus")); string(got) != want {
			t.Errorf("%s has processors %q, want %q", child, got, want)
		}
	}
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
