package remote

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Whatever the pieces in which a log arrives, whole lines are handed on, and every byte counts.
func TestLineWriter(t *testing.T) {
	const log = "one\n\ntwo äöü\nthree\r\nno end"
	for size := 1; size <= len(log); size++ {
		var lines []string
		w := NewLines(func(line string) { lines = append(lines, line) })
		for rest := log; rest != ""; {
			piece := rest[:min(size, len(rest))]
			rest = rest[len(piece):]
			if n, err := w.Write([]byte(piece)); n != len(piece) || err != nil {
				t.Fatalf("wrote %d of %d bytes: %v", n, len(piece), err)
			}
		}
		if diff := cmp.Diff([]string{"one", "", "two äöü", "three\r"}, lines); diff != "" || w.offset != int64(len(log)) {
			t.Errorf("in pieces of %d bytes: offset %d (-want +got):\n%s", size, w.offset, diff)
		}
		w.Flush()
		w.Flush()
		if last := lines[len(lines)-1]; last != "no end" || len(lines) != 5 {
			t.Errorf("in pieces of %d bytes: the last of %d lines is %q", size, len(lines), last)
		}
	}
}

// However a stream comes in parts, its lines are the same, and nothing of it is lost.
func FuzzLines(f *testing.F) {
	f.Add("one\ntwo\n\nthree", 4, 5)
	f.Add("\n", 0, 1)
	f.Fuzz(func(t *testing.T, text string, first, second int) {
		if first < 0 || second < first || second > len(text) {
			t.Skip("no places in the text")
		}
		read := func(parts ...string) (lines []string) {
			w := NewLines(func(line string) { lines = append(lines, line) })
			for _, part := range parts {
				_, _ = w.Write([]byte(part))
			}
			w.Flush()
			if w.offset != int64(len(text)) {
				t.Errorf("%d of %d bytes were counted", w.offset, len(text))
			}
			return lines
		}
		whole, parts := read(text), read(text[:first], text[first:second], text[second:])
		if !slices.Equal(whole, parts) || strings.Join(whole, "\n") != strings.TrimSuffix(text, "\n") {
			t.Errorf("%q is read as %q, and in parts as %q", text, whole, parts)
		}
	})
}

// A job's state is known, or it is nothing.
func FuzzParseState(f *testing.F) {
	for _, seed := range []string{"absent", "lost", "running 1700000000", "exited 3\n", "exited", "exited x", "walking 1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, out string) {
		if state, err := parseState(out); (err == nil) == (state == JobState{}) {
			t.Errorf("%q is read as %+v, error %v", out, state, err)
		}
	})
}
