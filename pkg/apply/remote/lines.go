package remote

import "bytes"

// Lines hands on whole lines and counts all bytes, which is where to go on after a broken stream.
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

// Flush hands on the last line where it has no end.
func (w *Lines) Flush() {
	if len(w.partial) > 0 {
		w.emit(string(w.partial))
		w.partial = nil
	}
}
