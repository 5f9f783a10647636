package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode"
)

// print prints a value as JSON for machines, or text for people.
func (a *printer) print(value any, text string) error {
	if !a.json() {
		_, err := io.WriteString(a.out, text)
		return err
	}
	encoder := json.NewEncoder(a.out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

func (a *printer) json() bool { return a.settings.GetString("output") == "json" }

// table is text with columns. What is between two tabs is in one column, as far as lines with tabs follow each other.
type table struct{ strings.Builder }

func (t *table) line(format string, args ...any) { fmt.Fprintf(&t.Builder, format+"\n", args...) }

// String is the text with its columns aligned.
func (t *table) String() string {
	var text strings.Builder
	aligned := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	// A builder takes everything.
	_, _ = io.WriteString(aligned, t.Builder.String())
	_ = aligned.Flush()
	return text.String()
}

// brief shows two values in one line. Of long ones it shows the first line that differs.
func brief(from, to string) (string, string) {
	switch {
	case !strings.Contains(from+to, "\n"):
		return value(from), value(to)
	case from == "" || to == "":
		return lines(from), lines(to)
	}
	before, after := strings.Split(from, "\n"), strings.Split(to, "\n")
	at := 0
	for at < len(before)-1 && at < len(after)-1 && before[at] == after[at] {
		at++
	}
	a, b := fromDifference(before[at], after[at])
	return fmt.Sprintf("line %d: %q", at+1, a), fmt.Sprintf("%q", b)
}

// fromDifference are two lines from shortly before where they differ.
func fromDifference(a, b string) (string, string) {
	const width, before = 60, 20
	left, right := []rune(a), []rune(b)
	at := 0
	for at < min(len(left), len(right)) && left[at] == right[at] {
		at++
	}
	if start := at - before; start > before {
		return "…" + shorten(string(left[start:]), width), "…" + shorten(string(right[start:]), width)
	}
	return shorten(a, width), shorten(b, width)
}

func lines(text string) string {
	if text == "" {
		return "absent"
	}
	return fmt.Sprintf("%d lines", strings.Count(text, "\n"))
}

func value(text string) string { return cmp.Or(shorten(text, 100), "absent") }

// printable is text with a space for each control character but newlines and tabs: names in a database may have any, and a terminal
// obeys them.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return ' '
		}
		return r
	}, text)
}

func shorten(s string, width int) string {
	runes := []rune(s)
	if len(runes) <= width {
		return s
	}
	return string(runes[:width-1]) + "…"
}
