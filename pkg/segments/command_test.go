package segments

import (
	"errors"
	"strings"
	"testing"
)

// Every answer of a script ends with a line of its own, at any place in which it may be cut off before.
func TestParseLinesCutOff(t *testing.T) {
	const whole = "one 1\ntwo 2\nend"
	for length := range len(whole) {
		if err := parseLines(whole[:length], "the facts were", func(string, []string) error { return nil }); err == nil {
			t.Errorf("%q was taken for a whole answer", whole[:length])
		} else if !strings.HasPrefix(err.Error(), "the facts were cut off after") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", whole[:length], err)
		}
	}
}

func TestParseLines(t *testing.T) {
	var read []string
	err := parseLines("  one  1 \nend\n", "the facts were", func(line string, words []string) error {
		read = append(read, line, strings.Join(words, "+"))
		return nil
	})
	if got := strings.Join(read, "|"); got != "one  1|one+1" || err != nil {
		t.Errorf("read %q, error %v", got, err)
	}
	refused := errors.New("refused")
	if err := parseLines("one\nend\n", "", func(string, []string) error { return refused }); !errors.Is(err, refused) {
		t.Errorf("error %v, want the reader's", err)
	}
}

func TestParseJSON(t *testing.T) {
	if names, err := parseJSON[[]string](" [\"a\"]\n", "the names"); err != nil || len(names) != 1 {
		t.Errorf("%q, error %v", names, err)
	}
	// Of half an answer nothing is kept, and the error shows one line of it.
	names, err := parseJSON[[]string]("[\"a\",\nERROR", "the names")
	if err == nil || names != nil || !strings.HasPrefix(err.Error(), "cannot read the names from \"[\\\"a\\\",\": ") {
		t.Errorf("%q, error %v", names, err)
	}
}
