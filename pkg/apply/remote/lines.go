package remote

import (
	"bytes"
	"strings"
)

// Lines hands on whole lines and counts all bytes: a follower continues there after a broken stream.
type Lines struct {
	emit    func(string)
	offset  int64
	partial []byte
}

// NewLines calls emit with one line at a time.
func NewLines(emit func(string)) *Lines { return &Lines{emit: emit} }

// Write never fails.
func (w *Lines) Write(data []byte) (int, error) {
	w.offset += int64(len(data))
	w.partial = append(w.partial, data...)
	for {
		end := bytes.IndexByte(w.partial, '\n')
		if end < 0 {
			return len(data), nil
		}
		w.emit(string(w.partial[:end]))
		w.partial = w.partial[end+1:]
	}
}

// Flush hands on an unfinished last line.
func (w *Lines) Flush() {
	if len(w.partial) > 0 {
		w.emit(string(w.partial))
		w.partial = nil
	}
}

// LastLines are the last n lines that are not empty, on one line.
func LastLines(text string, n int) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(len(lines)-n, 0):], " | ")
}

// Summary is the last three lines of an error, on one line.
func Summary(err error) string { return LastLines(err.Error(), 3) }
