package main

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"gpk/pkg/apply"
	"gpk/pkg/plan"
)

// difference is one line of `gpk diff` and of a create that is refused. Its JSON is stable.
type difference struct {
	// Object is what the field is of, as kubectl names it; empty for cluster.yaml.
	Object string `json:"object,omitempty"`
	plan.Difference
	// Found says in words what is wrong if there is no field that says it.
	Found string `json:"found,omitempty"`
	// Command makes the change; where there is none, Why says why not.
	Command string `json:"command,omitempty"`
	Why     string `json:"why,omitempty"`
}

// differences are those of an answer, with commands that lead to this cluster. What a person must decide first stands in the place of
// a command.
func (a *printer) differences(found []apply.Difference) []difference {
	all := make([]difference, 0, len(found))
	for _, d := range found {
		one := difference{Object: d.Object, Difference: d.Difference, Found: d.Found, Command: a.shown(d.Next), Why: d.Why}
		if d.Command != nil {
			one.Command = a.aimed(d.Command)
		}
		all = append(all, one)
	}
	return all
}

// String is the difference on one line, without what to do about it.
func (d difference) String() string {
	if d.Field == "" {
		return shorten(strings.Join(strings.Fields(d.Found), " "), 160)
	}
	from, to := brief(d.From, d.To)
	return strings.TrimSpace(d.Object+" "+d.Field) + ": " + from + " → " + to
}

// answer is what to do about it.
func (d difference) answer() string {
	switch {
	case d.Command == "":
		return "cannot be changed after creation: " + d.Why
	case d.Why == "":
		return d.Command
	}
	return d.Command + " (" + d.Why + ")"
}

// What to do is in one column, except behind differences that are longer than this.
const widestColumn = 90

// differencesText is a line for each difference.
func differencesText(indent string, all []difference) string {
	width := 0
	for _, d := range all {
		if n := utf8.RuneCountInString(d.String()); n <= widestColumn {
			width = max(width, n)
		}
	}
	var text strings.Builder
	for _, d := range all {
		gap := max(width-utf8.RuneCountInString(d.String()), 0) + 2
		fmt.Fprintf(&text, "%s%s%*s%s\n", indent, d, gap, "", d.answer())
	}
	return text.String()
}
