package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const source = `package p

import "an import/with words"

// Doc is a comment
// of two lines.
var doc = cobra.Command{
	Use:   "not these words",
	Short: "a short help",
	Long: ` + "`first of\nsecond of`" + `,
}

func f(name string) error {
	flags.BoolVar(&b, "name", false, "copy what comes from a flag")
	log("oneword", "select a from b where c = 1")
	return fmt.Errorf("pod %s: "+name+
		" was not created within %d minutes", name, 2)
}
`

func TestPassagesOfGo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.go")
	if err := os.WriteFile(path, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[string]string{
		"help":     "9: a short help|10: first of|11: second of|15: copy what comes from a flag",
		"messages": "17: pod X: X|18:  was not created within X minutes",
		"comments": "5: Doc is a comment|6: of two lines.",
	} {
		passages, err := read([]string{filepath.Dir(path)}, []string{kind})
		if err != nil {
			t.Fatal(err)
		}
		got := strings.ReplaceAll(strings.TrimSpace(show(passages)), path+":", "")
		if got = strings.ReplaceAll(got, "\n", "|"); got != want {
			t.Errorf("%s: %q, want %q", kind, got, want)
		}
	}
}

const page = "# A heading\n\nA paragraph\nwith `code` in it.\n\n```\nmore code\n```\n- an item\n  with [a link](there.md)\n- another\n\n" +
	"| a | b |\n| --- | --- |\n| c d | e |\n"

func TestPassagesOfMarkdown(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.md")
	if err := os.WriteFile(path, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	passages, err := read([]string{path}, []string{"pages"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range passages {
		got = append(got, strings.TrimSpace(p.String()))
	}
	want := "A heading|A paragraph with X in it.|an item with a link|another|a|b|c d|e"
	if strings.Join(got, "|") != want {
		t.Errorf("%q, want %q", got, want)
	}
	if at := passages[1].at(strings.Index(passages[1].String(), "with")); at != 4 {
		t.Errorf("the second line of the paragraph is line %d", at)
	}
}

func TestPassagesOfYAML(t *testing.T) {
	passages, err := read([]string{"../../pkg/topology/starter.yaml"}, []string{"help"})
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(passages, func(p passage) bool { return strings.Contains(p.String(), "the image must have it") })
	if len(passages) < 5 || at < 0 || strings.Contains(passages[at].String(), "locale") {
		t.Errorf("%d passages, %d is that of the locale", len(passages), at)
	}
}

// TestRulesHaveTests: `make lint-words` runs the tests that rules bring along. Each needs one that it finds and one that it does not.
func TestRulesHaveTests(t *testing.T) {
	rules, err := filepath.Glob("gpk/*.yml")
	if err != nil || len(rules) < 10 {
		t.Fatalf("%d rules: %v", len(rules), err)
	}
	for _, path := range rules {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, needed := range []string{`want: ""`, "contains: gpk."} {
			if !strings.Contains(string(text), needed) {
				t.Errorf("%s has no test with %s", path, needed)
			}
		}
	}
}
