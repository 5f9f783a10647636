package gpinitsystem

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gpk/test/standin/internal/utility"
)

func TestMisused(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", t.TempDir())
	if err := os.MkdirAll(filepath.Join(home, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, "etc", "standin-version"), []byte("version=7.1.0\ncatalogue=1\nproduct=Greenplum stand-in\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		arg    string
		status int
		says   string
	}{
		{"--no-such-flag=1", 0, "[ERROR]:-Unknown option --no-such-flag\n"},
		{"-Z", 0, "\n      gpinitsystem -I "},
		{"--locale", 1, "[FATAL]:-Missing value for option --locale\n"},
	} {
		var said strings.Builder
		status := Run(context.Background(), utility.Environment{Name: "gpinitsystem", Args: []string{c.arg}, Home: home, Stdout: &said, Stderr: &said})
		if status != c.status || !strings.Contains(said.String(), c.says) {
			t.Errorf("%s: exit status %d, said %q", c.arg, status, said.String())
		}
	}
}
