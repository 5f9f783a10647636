package database

import (
	"strings"
	"testing"

	"gpk/pkg/segments"
)

// Whoever asked for a locale that the image lacks is told where to correct it, and which ones are there.
func TestImageFaultNamesLocales(t *testing.T) {
	image := segments.Image{Missing: []string{"the locale de_DE.UTF-8"}, Locales: []string{"C", "en_US.utf8"}}
	fault := strings.Join(ImageFaults(image, "7.1.0", "x/greenplum:7.1.0", "pod demo-primary-0"), "; ")
	for _, words := range []string{"lacks the locale de_DE.UTF-8", "spec.database.locale", "such as C, en_US.utf8"} {
		if !strings.Contains(fault, words) {
			t.Errorf("%q is not in %q", words, fault)
		}
	}
	image = segments.Image{Missing: []string{"rsync"}}
	if faults := ImageFaults(image, "7.1.0", "x", "pod a"); len(faults) != 1 || strings.Contains(faults[0], "locale") {
		t.Errorf("%q", faults)
	}
}
