package plan_test

import (
	"testing"

	"gpk/pkg/plan"
	"gpk/test/golden"
)

// The catalogue and the files are converted while no instance runs, in pods that have the certificates already.
func TestConvert(t *testing.T) {
	for begun, first := range map[bool]string{false: "admissible ", true: ""} {
		p, err := plan.Convert(load(t, "mirrored"), begun)
		want := first + "keys objects pods stop replaced running network renamed start ready synced authentication service verify"
		if got := ids(p); err != nil || got != want {
			t.Errorf("begun %v: %s, %v; want %s", begun, got, err, want)
		}
		if !begun {
			golden.Compare(t, "testdata/convert.plan.golden", outline(t, p))
		}
	}
}
