package topology

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/util/validation"
)

//go:embed starter.yaml
var starter string

// Starter is a cluster.yaml to start from, with comments, for a cluster of this name. With an image it has that image, and the release that
// the image's tag names. If the tag names none, the file asks for it.
func Starter(name, image string) ([]byte, error) {
	if complaints := validation.IsDNS1035Label(name); len(complaints) > 0 {
		return nil, fmt.Errorf("a cluster can't be named %q: %s", name, withoutExamples(complaints[0]))
	}
	text, err := replaced(starter, starterName, "  name: %s", name)
	if err != nil || image == "" {
		return []byte(text), err
	}
	if strings.ContainsFunc(image, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, fmt.Errorf("%q is no reference of an image: give one such as registry.example/greenplum:7.1.0", image)
	}
	if text, err = replaced(text, starterImage, "  image: %s", image); err != nil {
		return nil, err
	}
	version := releaseIn(image)
	line := "  version: %s                  # the release that the image's tag names"
	if version == "" {
		line = "  version: %s # TO DO: give the release in the image, such as \"7.1.0\"; `postgres --gp-version` in it prints that"
	}
	text, err = replaced(text, starterVersion, line, version)
	return []byte(text), err
}

// The lines of the starter that a cluster's own replace.
var (
	starterName    = regexp.MustCompile(`(?m)^  name: .*$`)
	starterVersion = regexp.MustCompile(`(?m)^  version: .*$`)
	starterImage   = regexp.MustCompile(`(?m)^  image: .*$`)
)

// replaced is the starter with another line in the place of one, and a value in it, in quotes where YAML would take it for something else.
func replaced(text string, old *regexp.Regexp, line, value string) (string, error) {
	word, err := yaml.Marshal(value)
	if err != nil {
		return "", err
	}
	if len(old.FindAllString(text, -1)) != 1 {
		return "", fmt.Errorf("the file to start from has no line of its own for %q", value)
	}
	return old.ReplaceAllLiteralString(text, fmt.Sprintf(line, strings.TrimSuffix(string(word), "\n"))), nil
}

// releaseTag is a tag that names a release, as 7.1.0 and 7.4.1-WHPG do.
var releaseTag = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+(-[A-Za-z0-9]+)?$`) //nolint:gochecknoglobals // compiled once, never changed

// releaseIn is the release that the tag of a reference names, "" if it names none.
func releaseIn(image string) string {
	reference, _, _ := strings.Cut(image, "@")
	if !hasTag(reference) {
		return ""
	}
	tag := reference[strings.LastIndex(reference, ":")+1:]
	if !releaseTag.MatchString(tag) {
		return ""
	}
	return tag
}
