package topology_test

import (
	"strings"
	"testing"

	"gpk/pkg/topology"
)

func TestNearest(t *testing.T) {
	fields := []string{"name", "perPod", "count", "mirrors", "antiAffinity", "resources"}
	for _, test := range []struct{ why, unknown, want string }{
		{"the case is what is wrong most often", "perpod", "perPod"},
		{"the case counts for nothing", "PERPOD", "perPod"},
		{"nor with a letter missing", "perpd", "perPod"},
		{"a letter is missing", "mirors", "mirrors"},
		{"a letter is too many", "countt", "count"},
		{"two letters have changed places, which is two edits of five", "cuont", ""},
		{"two edits of seven", "mirorss", "mirrors"},
		{"a third of the letters", "resorce", "resources"},
		{"more than a third", "resrc", ""},
		{"three letters are a beginning", "ant", "antiAffinity"},
		{"two are none, and one edit away from nothing", "an", ""},
		{"one edit is always near", "nam", "name"},
		{"another thing", "replicas", ""},
		{"nothing", "", ""},
		{"no field has so long a name", strings.Repeat("x", 60) + "count", ""},
	} {
		if got := topology.Nearest(test.unknown, fields); got != test.want {
			t.Errorf("%s: %q is near %q, want %q", test.why, test.unknown, got, test.want)
		}
	}
	if got := topology.Nearest("memroy", nil); got != "" {
		t.Errorf("of no fields: %q", got)
	}
	// Of two that are equally near, the first.
	if got := topology.Nearest("bx", []string{"ax", "by"}); got != "ax" {
		t.Errorf("of two: %q", got)
	}
}
