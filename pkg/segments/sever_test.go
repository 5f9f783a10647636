package segments

import (
	"slices"
	"strings"
	"testing"
)

func TestParseSevered(t *testing.T) {
	got, err := ParseSevered("severed /greenplum/primary/gpseg0 7\nsevered /greenplum/primary/gpseg1 0\nend\n")
	if err != nil || got.Sessions != 7 || len(got.Remaining) > 0 {
		t.Errorf("%+v, error %v", got, err)
	}
	got, err = ParseSevered("left /greenplum/primary/gpseg0 2\nsilent /greenplum/primary/gpseg1\nend\n")
	want := []string{"/greenplum/primary/gpseg0 has 2 sessions that do not end", "/greenplum/primary/gpseg1 does not answer"}
	if err != nil || !slices.Equal(got.Remaining, want) {
		t.Errorf("%+v, error %v", got, err)
	}
	for said, says := range map[string]string{
		"severed /greenplum/primary/gpseg0 7\n":          "cut off",
		"severed /greenplum/primary/gpseg0 many\nend\n":  "unknown line",
		"instance /greenplum/primary/gpseg0 dead\nend\n": "unknown line",
	} {
		if _, err := ParseSevered(said); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: error %v, want one that says %q", said, err, says)
		}
	}
}
