package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// aptMirror gives the mirror that this machine's apt uses for a suite, so that
// the image comes from where the machine came from.
func aptMirror(dir, suite string) (string, error) {
	paths := []string{filepath.Join(dir, "sources.list")}
	for _, pattern := range []string{"*.list", "*.sources"} {
		more, err := filepath.Glob(filepath.Join(dir, "sources.list.d", pattern))
		if err != nil {
			return "", err
		}
		paths = append(paths, more...)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		find := mirrorInList
		if strings.HasSuffix(path, ".sources") {
			find = mirrorInSources
		}
		if mirror := find(string(data), suite); mirror != "" {
			return mirror, nil
		}
	}
	return "", fmt.Errorf("no mirror with suite %s main in %s: add one to apt's sources", suite, dir)
}

// mirrorInList reads the one-line form: deb [options] URI suite component...
func mirrorInList(text, suite string) string {
	for _, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		if len(fields) < 4 || fields[0] != "deb" {
			continue
		}
		fields = fields[1:]
		if strings.HasPrefix(fields[0], "[") {
			for len(fields) > 0 && !strings.HasSuffix(fields[0], "]") {
				fields = fields[1:]
			}
			fields = fields[min(1, len(fields)):]
		}
		if len(fields) >= 3 && fields[1] == suite && slices.Contains(fields[2:], "main") {
			return fields[0]
		}
	}
	return ""
}

// mirrorInSources reads the deb822 form: paragraphs of fields.
func mirrorInSources(text, suite string) string {
	for _, paragraph := range strings.Split(text, "\n\n") {
		fields := map[string][]string{}
		for _, line := range strings.Split(paragraph, "\n") {
			if name, value, ok := strings.Cut(line, ":"); ok && !strings.HasPrefix(line, "#") {
				fields[strings.ToLower(strings.TrimSpace(name))] = strings.Fields(value)
			}
		}
		if slices.Contains(fields["types"], "deb") && slices.Contains(fields["suites"], suite) &&
			slices.Contains(fields["components"], "main") && len(fields["uris"]) > 0 {
			return fields["uris"][0]
		}
	}
	return ""
}
