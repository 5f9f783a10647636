package remote

import (
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
