package segments

import "strings"

// NotGreenplum is what a server that is none of the family answered to --gp-version, by what image.sh printed, "" if there is no server, or
// if it is one of the family. PostgreSQL has programs of the same names.
func NotGreenplum(out string) string {
	for line := range strings.Lines(out) {
		said, found := strings.CutPrefix(strings.TrimSpace(line), "release ")
		if !found {
			continue
		}
		if _, err := Release(said); err != nil {
			return said
		}
	}
	return ""
}
