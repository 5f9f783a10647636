package segments

import (
	"slices"
	"strings"
	"testing"
)

func TestParseHealth(t *testing.T) {
	calls := []Call{{Host: "demo-primary-0", Args: []string{"6000"}}, {Host: "demo-mirror-0"}}
	if got := AskHealth(calls).Stdin; got != "demo-primary-0 6000\ndemo-mirror-0\nend\n" {
		t.Errorf("it reads %q", got)
	}
	got, err := ParseHealth("demo-mirror-0 silent\ndemo-primary-0 disk 1000 250\ndemo-primary-0 log /greenplum/primary/gpseg0 64\n"+
		"demo-primary-0 closed 6000\nend\n", calls)
	if err != nil || !got["demo-mirror-0"].Silent {
		t.Fatalf("%+v, error %v", got, err)
	}
	if h := got["demo-primary-0"]; h.Silent || h.Size != 1000 || h.Available != 250 || h.Log["/greenplum/primary/gpseg0"] != 64 ||
		!slices.Equal(h.Closed, []string{"6000"}) {
		t.Errorf("%+v", h)
	}
	for said, says := range map[string]string{
		"demo-primary-0 silent\ndemo-mirror-0 silent\n":         "cut off",
		"demo-primary-0 silent\nend\n":                          "the answer lacks host demo-mirror-0",
		"demo-primary-0 disk many 3\ndemo-mirror-0 silent\nend": "unknown line",
		"demo-primary-0\nend\n":                                 "unknown line",
		"demo-primary-0 is well\nend\n":                         "unknown line",
	} {
		if _, err := ParseHealth(said, calls); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: error %v, want one that says %q", said, err, says)
		}
	}
}
