package plan

import (
	"os/exec"
	"slices"
	"testing"
)

// What is written can be read again: the record of a cluster keeps commands as lines.
func TestCommandLines(t *testing.T) {
	for line, want := range map[string]Command{
		"gpk failover":                           {"failover"},
		"gpk resize -f cluster.yaml":             {"resize", "-f", "cluster.yaml"},
		"gpk resize -f 'my cluster.yaml'":        {"resize", "-f", "my cluster.yaml"},
		"gpk upgrade --version 7.2.0 --image ''": {"upgrade", "--version", "7.2.0", "--image", ""},
	} {
		if got := want.String(); got != line {
			t.Errorf("%q is written as %q", want, got)
		}
		if got := ReadCommand(line); !slices.Equal(got, want) {
			t.Errorf("%q is read as %q", line, got)
		}
	}
	both := Gpk("expand")
	if more := both.With("--resume"); more.String() != "gpk expand --resume" || both.String() != "gpk expand" {
		t.Errorf("%q became %q", both, more)
	}
}

// Whatever the words are, such as the name of a file, they are read as they were written.
func FuzzReadCommand(f *testing.F) {
	f.Add("resize", "it's.yaml", "")
	f.Add("gpk", `a\'b`, "two  words")
	f.Fuzz(func(t *testing.T, one, two, three string) {
		want := Command{one, two, three}
		if got := ReadCommand(want.String()); !slices.Equal(got, want) {
			t.Errorf("%q is written as %s and read as %q", want, want, got)
		}
		ReadCommand(one)
	})
}

// A shell reads a word as the text that it was made of. What a person can read as it is has no quotes.
func TestWord(t *testing.T) {
	for text, want := range map[string]string{
		"cluster.yaml":          "cluster.yaml",
		"../a_b/c-d@e,f:g+50%=": "../a_b/c-d@e,f:g+50%=",
		"":                      "''",
		"two words":             "'two words'",
		"it's":                  `'it'\''s'`,
		"$HOME;`id`|&<>(){}*?":  "'$HOME;`id`|&<>(){}*?'",
		`"a\b"`:                 `'"a\b"'`,
		"~":                     "'~'",
		"#":                     "'#'",
		"é":                     "'é'",
		"a\nb":                  "'a\nb'",
	} {
		word := Word(text)
		if word != want {
			t.Errorf("%q is written %s, want %s", text, word, want)
		}
		if out, err := exec.CommandContext(t.Context(), "sh", "-c", "printf %s "+word).Output(); err != nil || string(out) != text {
			t.Errorf("a shell reads %s as %q: %v", word, out, err)
		}
	}
}
