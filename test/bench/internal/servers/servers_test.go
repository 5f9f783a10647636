package servers

import (
	"encoding/json"
	"flag"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"

	"gpk/test/bench/internal/machine"
	"gpk/test/bench/internal/network"
	"gpk/test/bench/internal/pki"
)

var update = flag.Bool("update", false, "write the golden files anew")

func rendered(t *testing.T) (dir string, specs []machine.Spec) {
	t.Helper()
	s := Setup{
		Run: t.TempDir(), CgroupRoot: "/gpk-bench-1",
		Network: network.Layout{Block: netip.MustParsePrefix("10.200.0.0/16")},
	}
	ca, err := pki.Open(PKIDir(s.Run))
	if err != nil {
		t.Fatal(err)
	}
	for _, render := range []func() (machine.Spec, error){
		func() (machine.Spec, error) { return ControlMachine(s, ca) },
		func() (machine.Spec, error) { return SimulatorMachine(s, ca) },
		func() (machine.Spec, error) { return NodeMachine(s, ca, 2) },
	} {
		spec, err := render()
		if err != nil {
			t.Fatal(err)
		}
		specs = append(specs, spec)
	}
	return s.Run, specs
}

// TestGolden compares everything that is rendered, but for keys, with what was
// once read and found right.
func TestGolden(t *testing.T) {
	run, specs := rendered(t)
	for _, spec := range specs {
		spec.Run = "RUN"
		golden(t, spec.Name+".machine.json", string(toJSON(spec)))
		etc := filepath.Join(machine.Dir(run, spec.Name), "etc")
		var all strings.Builder
		for _, name := range filesBelow(t, etc) {
			content, err := os.ReadFile(filepath.Join(etc, name))
			if err != nil {
				t.Fatal(err)
			}
			all.WriteString("=== " + name + "\n" + string(content))
		}
		golden(t, spec.Name+".etc", all.String())
	}
}

// TestFilesAreThere sees that every file of ours that a command line or a
// configuration names was rendered.
func TestFilesAreThere(t *testing.T) {
	run, specs := rendered(t)
	for _, spec := range specs {
		own := machine.Dir(run, spec.Name)
		text := string(toJSON(spec.Services))
		for _, name := range filesBelow(t, filepath.Join(own, "etc")) {
			content, err := os.ReadFile(filepath.Join(own, "etc", name))
			if err != nil {
				t.Fatal(err)
			}
			text += string(content)
		}
		inMachine := regexp.MustCompile(`/run/(own/etc|bench/pki)/[^"\s]+`).FindAllString(text, -1)
		if len(inMachine) < 5 {
			t.Errorf("%s names %v: this test no longer finds the files", spec.Name, inMachine)
		}
		onHost := strings.NewReplacer(machine.OwnDir, own, machine.RunDir, run)
		for _, path := range inMachine {
			if _, err := os.Stat(onHost.Replace(path)); err != nil {
				t.Errorf("%s names %s, which is not there", spec.Name, path)
			}
		}
	}
}

func TestAdminKubeconfigStandsAlone(t *testing.T) {
	s := Setup{Run: t.TempDir(), Network: network.Layout{Block: netip.MustParsePrefix("10.200.0.0/16")}}
	ca, err := pki.Open(PKIDir(s.Run))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := AdminKubeconfig(s, ca, path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), s.Run) {
		t.Error("the kubeconfig names files of the instance")
	}
	var config struct {
		Clusters []struct{ Cluster struct{ Server string } }
	}
	if err := json.Unmarshal(data, &config); err != nil {
		t.Fatal(err)
	}
	if got := config.Clusters[0].Cluster.Server; got != "https://10.200.0.2:6443" {
		t.Errorf("the API server is said to be at %s", got)
	}
}

func filesBelow(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, _ := filepath.Rel(dir, path)
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(names)
	return names
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; read the difference, and if it is meant: go test ./internal/servers -update\n%s", path, firstDifference(string(want), got))
	}
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(w), len(g)) {
		if w[i] != g[i] {
			return "- " + w[i] + "\n+ " + g[i]
		}
	}
	return "one is longer"
}
