package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
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
