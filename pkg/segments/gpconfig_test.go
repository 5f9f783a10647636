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
		"with what gpconfig's shell would expand": {shown(`Coordinator value: '"\044user", \140x\140'`, `Segment     value: '"\044user", \140x\140'`),
			RoleSetting{"search_path", "\"$user\", `x`", "\"$user\", `x`"}, ""},
		"as the file came": {shown("Coordinator value: 125MB\t\t\t# min 128kB", "Segment     value: 64MB"), setting,
			"shared_buffers is 125MB on the coordinator, instead of 128MB"},
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
