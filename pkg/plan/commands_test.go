package plan_test

import (
	"os/exec"
	"testing"

	"gpk/pkg/plan"
)

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
		word := plan.Word(text)
		if word != want {
			t.Errorf("%q is written %s, want %s", text, word, want)
		}
		if out, err := exec.CommandContext(t.Context(), "sh", "-c", "printf %s "+word).Output(); err != nil || string(out) != text {
			t.Errorf("a shell reads %s as %q: %v", word, out, err)
		}
	}
}
