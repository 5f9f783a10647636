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
	text, err := replaced(starter, "\n  name: demo\n", "\n  name: %s\n", name)
	if err != nil || image == "" {
		return []byte(text), err
	}
	if strings.ContainsFunc(image, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, fmt.Errorf("%q is no reference of an image: give one such as registry.example/greenplum:7.1.0", image)
	}
	if text, err = replaced(text, starterImage, "\n  image: %s\n", image); err != nil {
		return nil, err
	}
	version := releaseIn(image)
	line := "\n  version: %s                  # the release that the image's tag names\n"
	if version == "" {
		line = "\n  version: %s # TO DO: give the release in the image, such as \"7.1.0\"; `postgres --gp-version` in it prints that\n"
	}
	text, err = replaced(text, starterVersion, line, version)
	return []byte(text), err
}

// The lines of the starter that name an image.
const (
	starterVersion = "\n  version: \"7.1.0\"                  # the Greenplum 7 release in the image; also the tag, if the image has none\n"
	starterImage   = "\n  image: registry.example/greenplum # any image with the database, bash and sshd\n"
)

// replaced is a text with another line in the place of one, and a value in it, in quotes where YAML would take it for something else.
func replaced(text, old, line, value string) (string, error) {
	word, err := yaml.Marshal(value)
	if !strings.Contains(text, old) {
		return "", fmt.Errorf("the file to start from lacks the line %q: please report it", strings.TrimSpace(old))
	}
	return strings.Replace(text, old, fmt.Sprintf(line, strings.TrimSuffix(string(word), "\n")), 1), err
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
