package segments

import (
	"strings"
	"testing"
)

func TestMisconfigured(t *testing.T) {
	setting := RoleSetting{"shared_buffers", "128MB", "64MB"}
	shown := func(lines ...string) string { return strings.Join(lines, "\n") + "\n" }
	tests := map[string]struct {
		out     string
		setting RoleSetting
		want    string
	}{
		"as wanted": {shown("Values on all segments are consistent", "GUC              : shared_buffers",
			"Coordinator value: 128MB", "Segment     value: 64MB"), setting, ""},
		"as wanted, in Greenplum 6's words": {shown("Values on all segments are consistent", "GUC          : shared_buffers",
			"Master  value: 128MB", "Segment value: 64MB"), setting, ""},
		"text in quotes": {shown("Coordinator value: 'it''s'", "Segment     value: 'it''s'"), RoleSetting{"x", "it's", "it's"}, ""},
		"the segments' differs": {shown("Coordinator value: 128MB", "Segment     value: 125MB"), setting,
			"shared_buffers is 125MB on the segment, instead of 64MB"},
		"not set": {shown("Values on all segments are consistent", "No value is set on coordinator", "No value is set on segments"), setting,
			"shared_buffers is not set on every instance alike"},
		"instances differ": {shown("WARNING: GUCS ARE OUT OF SYNC:", "[context: 0] [dbid: 2] [name: shared_buffers] [value: 1MB]"), setting,
			"shared_buffers is not set on every instance alike"},
		"nothing said": {"", setting, "shared_buffers is not set on every instance alike"},
	}
	for name, test := range tests {
		if got := Misconfigured(test.out, test.setting); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}
