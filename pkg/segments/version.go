package segments

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"gpk/pkg/topology"
)

// releaseLine is what `postgres --gp-version` prints: `postgres (Greenplum Database) 7.1.0 build commit:local`. Relatives have a name of
// their own between the brackets, or theirs first, as in `postgres (MatrixDB) 4.8.0 (Greenplum Database) 7.0.0+dev`: the second counts.
//
//nolint:gochecknoglobals // never changed
var releaseLine = regexp.MustCompile(`^postgres (?:.* )?\(([^()]+)\) ([0-9]+\.[0-9]+\.[0-9]+\S*)`)

// family are the names of those that gpk has been tried with, and of those whose releases are theirs under another name.
var family = []string{"Greenplum Database", "Apache Cloudberry", "Cloudberry Database"} //nolint:gochecknoglobals // never changed

// Release is the release in what `postgres --gp-version` printed.
func Release(out string) (string, error) {
	_, release, err := parseRelease(out)
	return release, err
}

func parseRelease(out string) (product, release string, err error) {
	for line := range strings.Lines(out) {
		if match := releaseLine.FindStringSubmatch(strings.TrimSpace(line)); match != nil {
			return match[1], match[2], nil
		}
	}
	return "", "", fmt.Errorf("no Greenplum release in %q", firstLine(out))
}

// AskRelease and AskCatalogueVersion ask the programs of a pod what they are, for Release and CatalogueVersion.
func AskRelease() Command { return Run("postgres", "--gp-version") }

// AskCatalogueVersion is with AskRelease.
func AskCatalogueVersion() Command { return Run("postgres", "--catalog-version") }

var catalogueLine = regexp.MustCompile(`^Catalog version number: +([0-9]+)$`) //nolint:gochecknoglobals // never changed

// CatalogueVersion is the version in what `postgres --catalog-version` printed.
func CatalogueVersion(out string) (string, error) {
	match := catalogueLine.FindStringSubmatch(strings.TrimSpace(out))
	if match == nil {
		return "", fmt.Errorf("no catalogue version in %q", firstLine(out))
	}
	return match[1], nil
}

// Fault is why gpk cannot run the database of an image, whatever release is wanted, or "".
func (i Image) Fault() string {
	if major, _, _ := strings.Cut(i.Release, "."); i.Product == family[0] && len(major) == 1 && major < "6" {
		return "its mirrors and its standby replicate in a way of their own, by which gpk cannot tell what they have; the first release " +
			"that gpk runs is Greenplum 6"
	}
	return ""
}

// Stranger reports whether the database goes by a name that gpk does not know. It may well be one of Greenplum's family.
func (i Image) Stranger() bool { return !slices.Contains(family, i.Product) }

// SameRelease compares a release with the wanted one. The build behind a plus, as in 7.1.0+dev.12, counts only if it is wanted.
func SameRelease(release, wanted string) bool {
	plain, _, _ := strings.Cut(release, "+")
	return release == wanted || plain == wanted
}

// Image is what an image has to offer, as image.sh found it.
type Image struct {
	// Product is the name by which the database goes, Release such as 7.1.0 or 6.27.5-WHPG.
	Product, Release string
	// Catalogue is the catalogue version: only data of the same one can be worked with.
	Catalogue string
	// Missing are what gpk or the utilities need and the image lacks, in words.
	Missing []string
	// Locales are some that it has, if it lacks the wanted one.
	Locales []string
	// Refused are the settings that its server would not start with, each with why.
	Refused []string
}

// InspectImage looks at the image of the pod that it is run in, with the arguments of InspectionOf.
func InspectImage(arguments []string) Command { return Script("image.sh", arguments...) }

// InspectionOf are the arguments of image.sh: the locale, and the settings that a person has given: servers know the derived ones.
func InspectionOf(database topology.Database) []string {
	arguments := []string{database.Locale}
	for _, name := range slices.Sorted(maps.Keys(database.Config)) {
		arguments = append(arguments, name+"="+string(database.Config[name]))
	}
	return arguments
}

// ParseImage reads what image.sh printed.
func ParseImage(out string) (Image, error) {
	var image Image
	err := parseLines(out, "the facts of the image were", func(line string, words []string) (err error) {
		switch word, rest, _ := strings.Cut(line, " "); word {
		case "missing":
			image.Missing = append(image.Missing, rest)
		case "release":
			image.Product, image.Release, err = parseRelease(rest)
		case "catalogue":
			// Only an upgrade asks for it, and says so where there is none.
			image.Catalogue, _ = CatalogueVersion(rest)
		case "refused":
			name, said, told := strings.Cut(rest, " ")
			if told {
				name += ": " + SettingFault(said)
			}
			image.Refused = append(image.Refused, name)
		case "unlisted":
			image.Refused = append(image.Refused, "and "+rest+" more")
		case "locales":
			image.Locales = words[1:]
		default:
			err = fmt.Errorf("unknown fact of the image %q", line)
		}
		return err
	})
	return whole(image, err)
}
