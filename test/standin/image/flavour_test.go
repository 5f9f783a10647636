package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gpk/test/standin/internal/release"
)

func TestReleases(t *testing.T) {
	for name, f := range flavours() {
		t.Run(name, func(t *testing.T) {
			usual, err := f.releases("", "")
			if err != nil || len(usual) != 1 || usual[0].Version != f.catalogues[0].version {
				t.Fatalf("the usual release is %+v, error %v", usual, err)
			}
			if !strings.Contains(usual[0].Postgres(), "stand-in) "+f.catalogues[0].version+" build ") {
				t.Errorf("it calls itself %q", usual[0].Postgres())
			}
			if _, err := f.releases("1.0.0", ""); err == nil {
				t.Error("an unknown release has a catalogue version")
			}
			if other, err := f.releases("1.0.0", "5"); err != nil || other[0].Catalogue != "5" {
				t.Errorf("with a catalogue version: %+v, %v", other, err)
			}
		})
	}
	if _, err := flavourOf("other"); err == nil {
		t.Error("any name is a flavour")
	}
	all, err := flavours()["greenplum"].releases("7.1.0,7.2.0,8.0.0", "")
	if err != nil || all[0].Catalogue != all[1].Catalogue || all[0].Catalogue == all[2].Catalogue {
		t.Errorf("two releases must have equal catalogue versions and the third another: %+v, %v", all, err)
	}
}

// A flavour has its own environment script and no other, and that sets its home.
func TestLayoutOfFlavours(t *testing.T) {
	for name, f := range flavours() {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			binary := filepath.Join(t.TempDir(), "binary")
			if err := os.WriteFile(binary, []byte("x"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := layOut(root, binary, f); err != nil {
				t.Fatal(err)
			}
			home := filepath.Join(root, f.home)
			scripts, _ := filepath.Glob(filepath.Join(home, "*.sh"))
			if len(scripts) != 1 || filepath.Base(scripts[0]) != f.script {
				t.Fatalf("its scripts are %v", scripts)
			}
			out, err := exec.Command("bash", "-c", `. "$0"; echo "$GPHOME"`, scripts[0]).Output()
			want := []string{f.greeting, f.farewell, home}
			if got := strings.Fields(string(out)); err != nil || strings.Join(got, " ") != strings.TrimSpace(strings.Join(want, " ")) {
				t.Errorf("it prints %q, error %v", out, err)
			}
			if got := release.Script(home); got != f.script {
				t.Errorf("the utilities read %s", got)
			}
		})
	}
}
