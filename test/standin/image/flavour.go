package main

import (
	"cmp"
	_ "embed" // the environment script
	"fmt"
	"maps"
	"slices"
	"strings"

	"gpk/test/standin/internal/release"
)

// flavour is how the images of one distribution of the family are laid out.
type flavour struct {
	// repository is the images' name without a tag.
	repository string
	// home is GPHOME below the root, owned by gpadmin, or by root if it is root's. script is the environment script in it.
	home, script string
	root         bool
	// user is the number of gpadmin and of its group.
	user int
	// greeting and farewell are what the environment script prints first and last.
	greeting, farewell string
	// product is the database's own name, catalogues the catalogue version of each release that is played, the usual one first.
	product    string
	catalogues []catalogue
	// noStandby is said of a gpinitsystem that leaves out the standby it is asked for.
	noStandby bool
	// variables are added to the image's environment, or take the place of those of their names.
	variables map[string]string
}

type catalogue struct{ version, number string }

// flavours gives all of them, by the name of --flavour.
func flavours() map[string]flavour {
	return map[string]flavour{
		// The first two can be swapped under the same data, the third cannot.
		"greenplum": {
			repository: "gpk.local/standin", home: "usr/local/greenplum-db", script: "greenplum_path.sh", user: ordinary,
			product:    "Greenplum stand-in",
			catalogues: []catalogue{{"7.1.0", "302399001"}, {"7.2.0", "302399001"}, {"8.0.0", "302399002"}},
		},
		"cloudberry": {
			repository: "gpk.local/standin-cloudberry", home: "usr/local/cloudberry-db", script: "cloudberry-env.sh", root: true, user: 1001,
			product:    "Cloudberry stand-in",
			catalogues: []catalogue{{"2.1.0-incubating", "302399101"}},
			noStandby:  true,
		},
		"whpg": {
			repository: "gpk.local/standin-whpg", home: "usr/edb/whpg7", script: "greenplum_path.sh", user: 1001,
			product:    "Greenplum stand-in",
			catalogues: []catalogue{{"7.4.1-WHPG", "302399001"}},
			greeting:   "Welcome to the stand-in of a relative", farewell: "Goodbye from the stand-in of a relative",
			variables: map[string]string{"LANG": "de_DE.UTF-8", "LANGUAGE": "de"},
		},
	}
}

func flavourOf(name string) (flavour, error) {
	all := flavours()
	f, ok := all[name]
	if !ok {
		return f, fmt.Errorf("no flavour is called %s: give one of %s", name, strings.Join(slices.Sorted(maps.Keys(all)), ", "))
	}
	return f, nil
}

// releases are those with the versions, which stand between commas: the usual one if there is none.
func (f flavour) releases(versions, number string) ([]release.Release, error) {
	var releases []release.Release
	for version := range strings.SplitSeq(cmp.Or(versions, f.catalogues[0].version), ",") {
		r := release.Release{Version: version, Catalogue: number, Product: f.product, NoStandby: f.noStandby}
		for _, known := range f.catalogues {
			if r.Catalogue == "" && known.version == version {
				r.Catalogue = known.number
			}
		}
		if r.Catalogue == "" {
			return nil, fmt.Errorf("no catalogue version is known for %s: give --catalogue", version)
		}
		releases = append(releases, r)
	}
	return releases, nil
}

//go:embed greenplum_path.sh
var environmentScript string

// environment is the text of the environment script.
func (f flavour) environment() string {
	text := environmentScript
	if f.greeting != "" {
		text = "echo '" + f.greeting + "'\n" + text
	}
	if f.farewell != "" {
		text += "echo '" + f.farewell + "'\n"
	}
	return text
}

// owner is the number of the user whom the installation belongs to.
func (f flavour) owner() int {
	if f.root {
		return 0
	}
	return f.user
}
