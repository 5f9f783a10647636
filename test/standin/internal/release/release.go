// Package release tells which release the stand-in plays. The image holds it in
// one file, so that several releases come from one build.
package release

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Release is a version and its catalogue version. Data directories can be
// swapped between releases of equal catalogue versions only.
type Release struct {
	Version   string // 7.1.0
	Catalogue string // 302399001
	Product   string // Greenplum stand-in
	// NoStandby is said of a gpinitsystem that leaves out the standby it is asked for.
	NoStandby bool
}

// File is where the release is kept, below GPHOME.
const File = "etc/standin-version"

// Load reads the release of an installation.
func Load(gphome string) (Release, error) {
	path := filepath.Join(gphome, File)
	data, err := os.ReadFile(path)
	if err != nil {
		return Release{}, fmt.Errorf("the stand-in's release is not known: %w", err)
	}
	var r Release
	for _, line := range strings.Split(string(data), "\n") {
		name, value, _ := strings.Cut(line, "=")
		switch name {
		case "version":
			r.Version = value
		case "catalogue":
			r.Catalogue = value
		case "product":
			r.Product = value
		case "standby":
			r.NoStandby = value == "never"
		}
	}
	if r.Version == "" || r.Catalogue == "" || r.Product == "" {
		return Release{}, fmt.Errorf("%s must hold version=, catalogue= and product=", path)
	}
	return r, nil
}

// scripts are the names that distributions give to the environment script.
func scripts() []string { return []string{"greenplum_path.sh", "cloudberry-env.sh"} }

// Script is the name of an installation's environment script.
func Script(gphome string) string {
	for _, name := range scripts() {
		if _, err := os.Stat(filepath.Join(gphome, name)); err == nil {
			return name
		}
	}
	return scripts()[0]
}

// Text is the content of File for a release.
func (r Release) Text() string {
	text := fmt.Sprintf("version=%s\ncatalogue=%s\nproduct=%s\n", r.Version, r.Catalogue, r.Product)
	if r.NoStandby {
		text += "standby=never\n"
	}
	return text
}

// Build is the release with its build, as the utilities print it.
func (r Release) Build() string { return r.Version + " build standin" }

// Postgres is what postgres --gp-version prints.
func (r Release) Postgres() string { return "postgres (" + r.Product + ") " + r.Build() }

// Coordinator is the release as the coordinator's version() would name it.
func (r Release) Coordinator() string { return "PostgreSQL 15 (" + r.Product + " " + r.Build() + ")" }
