package main

import (
	"errors"
	"strings"
	"testing"

	"gpk/pkg/apply/engine"
)

func TestBrief(t *testing.T) {
	long := strings.Repeat("x", 70)
	tests := map[string]struct{ from, to, wantFrom, wantTo string }{
		"short ones":         {"2", "4", "2", "4"},
		"a new one":          {"", "NodePort", "absent", "NodePort"},
		"one that goes":      {"C", "", "C", "absent"},
		"long ones":          {strings.Repeat("a", 101), "b", strings.Repeat("a", 99) + "…", "b"},
		"new lines":          {"", "1\n2\n", "absent", "2 lines"},
		"lines that go":      {"1\n2\n3\n", "", "3 lines", "absent"},
		"lines that differ":  {"1\n2\n3\n", "1\nzwei\n3\n", `line 2: "2"`, `"zwei"`},
		"a line more":        {"1\n2", "1\n2\n3", `line 2: "2"`, `"2"`},
		"far in a long line": {long + "a\n", long + "b\n", `line 1: "…` + strings.Repeat("x", 20) + `a"`, `"…` + strings.Repeat("x", 20) + `b"`},
		"early in it":        {"a" + long + "\n", "b" + long + "\n", `line 1: "a` + strings.Repeat("x", 58) + `…"`, `"b` + strings.Repeat("x", 58) + `…"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if from, to := brief(test.from, test.to); from != test.wantFrom || to != test.wantTo {
				t.Errorf("%s → %s, want %s → %s", from, to, test.wantFrom, test.wantTo)
			}
		})
	}
}

func TestShorten(t *testing.T) {
	for text, want := range map[string]string{"": "", "äöü": "äöü", "12345": "12345", "123456": "1234…", "äöüäöü": "äöüä…"} {
		if got := shorten(text, 5); got != want {
			t.Errorf("%q is shortened to %q, want %q", text, got, want)
		}
	}
}

// Whoever may create databases chooses names that a terminal would obey. Neither progress nor an error passes them on.
func TestControlCharactersStayOutOfTheTerminal(t *testing.T) {
	const evil = "database a\x1b]0;title\x07\r\x1b[2Jb\u009bc"
	var text strings.Builder
	a := newApp(streams{err: &text})
	a.settings.Set("verbose", true)
	p := a.progress()
	p.observe(engine.Event{Kind: engine.Progress, Line: evil})
	p.observe(engine.Event{Kind: engine.StepSkipped, Finding: engine.Finding{Details: []string{evil}, Next: engine.Next(evil)}})
	a.report(hint(errors.New(evil+"\n\tand a second line"), evil))
	if strings.ContainsAny(text.String(), "\x1b\x07\r\u009b") || !strings.Contains(text.String(), "\n\tand a second line") {
		t.Errorf("printed: %q", text.String())
	}
}
