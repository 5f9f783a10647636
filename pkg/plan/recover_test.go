package plan

import (
	"strings"
	"testing"
)

// The standby comes before the segments, which may never come to an end, and once more after them. Without mirrors there are none.
func TestRecoverOrder(t *testing.T) {
	tests := map[string]struct {
		standby, mirrors bool
		want             string
	}{
		"all":             {true, true, "volumes scripts pods start answering standby-first segments caught balanced standby authentication ready service verify"},
		"without mirrors": {true, false, "volumes scripts pods start answering standby authentication ready service verify"},
		"without standby": {false, true, "volumes scripts pods start answering segments caught balanced authentication ready service verify"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c, _ := grown(t, 3, 1)
			c.Spec.Coordinator.Standby, c.Spec.Segments.Mirrors = &test.standby, &test.mirrors
			p, err := Recover(c, false, true, false)
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			for _, step := range p.Steps {
				ids = append(ids, step.ID)
			}
			if got := strings.Join(ids, " "); got != test.want {
				t.Errorf("steps %s, want %s", got, test.want)
			}
		})
	}
}
