package segments

import (
	"encoding/json"
	"fmt"
	"strings"
)

// parseJSON reads an answer that is JSON. name says in the error what was asked for.
func parseJSON[T any](out, name string) (T, error) {
	var value, none T
	if err := json.Unmarshal([]byte(out), &value); err != nil {
		return none, fmt.Errorf("cannot read %s from %q: %w", name, firstLine(out), err)
	}
	return value, nil
}

// parseLines reads the lines that one of gpk's scripts printed, each with its words. A script's last line is "end": an answer
// without it was cut off and is an error. name says in the error what was asked for.
func parseLines(out, name string, read func(line string, words []string) error) error {
	complete := false
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if line == "end" {
			complete = true
		} else if err := read(line, strings.Fields(line)); err != nil {
			return err
		}
	}
	if !complete {
		return fmt.Errorf("%s cut off after %q", name, firstLine(out))
	}
	return nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
