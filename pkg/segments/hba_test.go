package segments

import (
	"os"
	"strings"
	"testing"
)

func TestHBABlock(t *testing.T) {
	domains := []string{"demo.analytics.svc.cluster.local", "demo-coordinator.analytics.svc.cluster.local"}
	got := HBABlock(domains, []string{"host all all 10.0.0.0/8 scram-sha-256"})
	want := `# gpk: from here to the next mark this is written from cluster.yaml
host all gpadmin .demo.analytics.svc.cluster.local trust
host all gpadmin .demo-coordinator.analytics.svc.cluster.local trust
host all all 10.0.0.0/8 scram-sha-256
# gpk: end
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// On the segments, the acting coordinator is whoever asked it: all users come from there.
func TestSegmentHBABlock(t *testing.T) {
	want := `# gpk: from here to the next mark this is written from cluster.yaml
host all all .demo-coordinator.analytics.svc.cluster.local trust
host all all demo-coordinator-0.demo trust
# gpk: end
`
	if got := SegmentHBABlock("demo-coordinator.analytics.svc.cluster.local", []string{"demo-coordinator-0.demo"}); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestReplaceHBA(t *testing.T) {
	block := HBABlock([]string{"new.svc"}, []string{"host all all 10.0.0.0/8 scram-sha-256"})
	old := HBABlock([]string{"old.svc"}, []string{"host all all 192.168.0.0/16 md5", "host all all 172.16.0.0/12 md5"})
	seen, err := os.ReadFile("testdata/pg_hba.coordinator.conf")
	if err != nil {
		t.Fatal(err)
	}
	unfinished := strings.TrimSuffix(old, hbaEnd+"\n")
	tests := map[string]struct{ current, want string }{
		"what gpinitsystem wrote":   {string(seen), string(seen) + block},
		"an empty file":             {"", block},
		"no newline at the end":     {"host a", "host a\n" + block},
		"blank lines at the end":    {"host a\n\n\n", "host a\n\n\n" + block},
		"an earlier block":          {"host a\n" + old + "host b\n", "host a\n" + block + "host b\n"},
		"only an earlier block":     {old, block},
		"an earlier block, cut":     {"host a\n" + strings.TrimSuffix(old, "\n"), "host a\n" + block},
		"two blocks":                {old + "host a\n" + old + "host b\n", block + "host a\nhost b\n"},
		"Windows' line ends":        {"host a\r\n" + strings.ReplaceAll(old, "\n", "\r\n") + "host b\r\n", "host a\r\n" + block + "host b\r\n"},
		"the second mark is lost":   {"host a\n" + unfinished + "host b\n", "host a\n" + block + strings.TrimPrefix(unfinished, hbaBegin+"\n") + "host b\n"},
		"lost, and another block":   {hbaBegin + "\nhost a\n" + old + "host b\n", block + "host a\nhost b\n"},
		"the first mark is lost":    {"host a\n" + hbaEnd + "\nhost b\n", "host a\n" + hbaEnd + "\nhost b\n" + block},
		"a mark within a line":      {"host a " + hbaBegin + "\nhost b " + hbaEnd + "\n", "host a " + hbaBegin + "\nhost b " + hbaEnd + "\n" + block},
		"the block, and it is left": {"host a\n" + block + "host b\n", "host a\n" + block + "host b\n"},
	}
	for name, test := range tests {
		if got := ReplaceHBA(test.current, block); got != test.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, test.want)
		}
	}
}

// Whatever the file holds: replacing twice is replacing once, the last block counts, and there is one.
func FuzzReplaceHBA(f *testing.F) {
	block := HBABlock([]string{"new.svc"}, []string{"host all all 10.0.0.0/8 scram-sha-256"})
	old := HBABlock([]string{"old.svc"}, nil)
	for _, seed := range []string{"", "\n", "host a", "host a\n" + old + "host b", hbaBegin, hbaEnd, hbaBegin + "\n" + hbaBegin + "\n" + hbaEnd,
		old + "x" + old, hbaEnd + "\n" + hbaBegin, hbaBegin + "\nhost a\n" + hbaBegin + "\nhost b\n" + hbaEnd + "\n" + hbaEnd} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, current string) {
		once := ReplaceHBA(current, block)
		if again := ReplaceHBA(once, block); again != once {
			t.Errorf("from %q came %q, and then %q", current, once, again)
		}
		if other := ReplaceHBA(ReplaceHBA(current, old), block); other != once {
			t.Errorf("from %q came %q, but by way of another block %q", current, once, other)
		}
		if n := strings.Count(once, block); n != 1 {
			t.Errorf("from %q came %q, with %d blocks", current, once, n)
		}
		for line := range strings.Lines(current) {
			if line = strings.TrimSpace(line); !strings.Contains(current, hbaBegin) && !strings.Contains(once, line) {
				t.Errorf("from %q came %q, without the line %q", current, once, line)
			}
		}
	})
}

// Lines before and after the marks stay as they are, byte by byte.
func FuzzReplaceHBAKeeps(f *testing.F) {
	f.Add("host a\n", "host b\n", "host c\n")
	f.Add("", "", "")
	f.Add("\r\n\n", "\x00", "no newline")
	block := HBABlock([]string{"new.svc"}, nil)
	f.Fuzz(func(t *testing.T, before, inside, after string) {
		if strings.Contains(before+inside+after, "# gpk:") || before != "" && !strings.HasSuffix(before, "\n") {
			t.Skip("a mark of its own, or a line that the first mark would be part of")
		}
		current := before + hbaBegin + "\n" + inside + "\n" + hbaEnd + "\n" + after
		if got, want := ReplaceHBA(current, block), before+block+after; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestParseRefusedHBA(t *testing.T) {
	if refused, err := ParseRefusedHBA("[]\n"); err != nil || len(refused) != 0 {
		t.Errorf("got %v, error %v", refused, err)
	}
	// As PostgreSQL 15 prints it.
	refused, err := ParseRefusedHBA(`[{"line" : 98, "error" : "invalid authentication method \"bsd\": not supported by this build"}, ` +
		`{"line" : 99, "error" : "cert authentication is only supported on hostssl connections"}]`)
	if err != nil || len(refused) != 2 || refused[0] != (RefusedLine{98, `invalid authentication method "bsd": not supported by this build`}) {
		t.Errorf("got %v, error %v", refused, err)
	}
	// A stream that was cut is no answer.
	if refused, err := ParseRefusedHBA(""); err == nil {
		t.Errorf("from nothing came %v", refused)
	}
}
