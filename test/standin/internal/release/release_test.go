package release

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestLoad(t *testing.T) {
	home := t.TempDir()
	if _, err := Load(home); err == nil {
		t.Error("no file, and no error")
	}
	want := Release{Version: "7.1.0", Catalogue: "302399001", Product: "Cloudberry stand-in", NoStandby: true}
	if err := os.MkdirAll(filepath.Join(home, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, File), []byte(want.Text()), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := Load(home); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
}

// Whatever reads the real release must read this one, and nobody may take it
// for the real one.
func TestVersionStrings(t *testing.T) {
	r := Release{Version: "7.1.0", Catalogue: "1", Product: "Greenplum stand-in"}
	if !regexp.MustCompile(`^postgres \(.*\) 7\.1\.0 build `).MatchString(r.Postgres()) {
		t.Errorf("%s", r.Postgres())
	}
	for _, text := range []string{r.Postgres(), r.Coordinator()} {
		if !strings.Contains(text, "stand-in") {
			t.Errorf("%s does not say what it is", text)
		}
	}
}
