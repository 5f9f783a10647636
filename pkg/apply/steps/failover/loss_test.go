package failover

import (
	"strings"
	"testing"
	"time"

	"gpk/pkg/segments"
)

// What a standby lacks counts as lost only where it may have been acknowledged: after the standby was last seen to follow.
func TestLoss(t *testing.T) {
	followed := time.Unix(1700000000, 0)
	commit := followed.Add
	tests := map[string]struct {
		received string
		ahead    segments.Ahead
		want     string
	}{
		"nothing":               {"0/1", segments.Ahead{}, ""},
		"what was under way":    {"0/1", segments.Ahead{Commits: []time.Time{commit(-time.Second), commit(time.Second)}}, ""},
		"two later ones":        {"0/1", segments.Ahead{Commits: []time.Time{commit(0), commit(3 * time.Second), commit(time.Hour)}}, "lacks 2 transactions"},
		"the log does not tell": {"0/1", segments.Ahead{Unreadable: true}, "lacks more than the coordinator's log has kept"},
		"the standby's neither": {"", segments.Ahead{}, "lacks more than the coordinator's log has kept"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := loss(test.ahead, segments.Following{Received: test.received, Streamed: followed})
			if got == "" != (test.want == "") || !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
