package gpstate

import (
	"strings"
	"testing"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/fleet"
	"gpk/test/standin/internal/utility"
)

func TestParseState(t *testing.T) {
	for output, want := range map[string]segmentState{
		"yes 54 yes yes 0":  {reached: true, pidFile: true, pid: 54, process: true, lockFile: true, answers: true},
		"yes 54 yes yes 64": {reached: true, pidFile: true, pid: 54, process: true, lockFile: true, answers: true},
		"yes 54 no yes 2":   {reached: true, pidFile: true, pid: 54, lockFile: true},
		"no 0 no no 2":      {reached: true},
		"ssh: no route":     {},
	} {
		if got := parseState(fleet.Outcome{Output: output}); got != want {
			t.Errorf("%q: %+v", output, got)
		}
	}
}

func segments(mirrorHosts ...string) catalog.Segments {
	var out catalog.Segments
	for content, host := range mirrorHosts {
		out = append(out,
			catalog.Segment{DBID: 2 + content, Content: content, Role: "p", PreferredRole: "p", Mode: "s", Status: "u", Address: "p"},
			catalog.Segment{DBID: 20 + content, Content: content, Role: "m", PreferredRole: "m", Mode: "s", Status: "u", Address: host})
	}
	return out
}

func TestMirrorType(t *testing.T) {
	for _, c := range []struct {
		hosts []string
		want  string
	}{{[]string{"a", "b"}, "Spread"}, {[]string{"a", "a"}, "Group"}} {
		if got := (&run{all: segments(c.hosts...)}).mirrorType(); got != c.want {
			t.Errorf("%v: %s", c.hosts, got)
		}
	}
}

func TestUnavailableIsAContentWithoutAnyoneToServeIt(t *testing.T) {
	well := segmentState{reached: true, pidFile: true, pid: 1, process: true, lockFile: true, answers: true}
	for _, c := range []struct {
		name            string
		primary, mirror segmentState
		mode            string
		want            bool
	}{
		{"all well", well, well, "s", false},
		{"mirror gone", well, segmentState{reached: true}, "n", false},
		{"primary gone, mirror in sync", segmentState{reached: true}, well, "s", false},
		{"primary gone, mirror behind", segmentState{reached: true}, well, "n", true},
		{"both gone", segmentState{}, segmentState{}, "s", true},
	} {
		all := segments("m")
		for i := range all {
			all[i].Mode = c.mode
		}
		r := &run{all: all, state: map[int]segmentState{2: c.primary, 20: c.mirror}}
		if got := r.unavailable(); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
	}
}

func TestOptions(t *testing.T) {
	for args, want := range map[string]string{"": "b", "-e": "e", "-s -d /x": "s", "-af": "f"} {
		o, err := parseOptions(utility.Environment{Args: strings.Fields(args)})
		if err != nil || o.report != want {
			t.Errorf("%q: report %s, %v", args, o.report, err)
		}
	}
	if _, err := parseOptions(utility.Environment{Args: []string{"-e", "-s"}}); err == nil {
		t.Error("two reports at once")
	}
}
