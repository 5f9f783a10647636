package main

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"gpk/pkg/apply"
	"gpk/pkg/plan"
)

func (a *app) diffCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "diff -f cluster.yaml",
		Short: "Show what differs between a file and the cluster, and the command for each difference",
		Long: `diff compares cluster.yaml with the file that the cluster was made from. It also compares that file with the cluster:
objects by a server-side dry run, everything else by what the pods and the catalogue report. It changes nothing.

Each line shows a difference and the command that removes it. Exit status 3 if there are differences.`,
		Example: "  gpk diff -f cluster.yaml\n  gpk diff -f cluster.yaml -o json",
	}
	var file string
	fileFlag(cmd, &file)
	imageFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, target, err := a.clusterOf(cmd.Context(), file)
		if err != nil {
			return err
		}
		answer, err := apply.Diff(cmd.Context(), target, c, file)
		if err != nil {
			return err
		}
		if len(answer) == 0 {
			return a.print([]difference{}, "no differences\n")
		}
		a.among(cmd.Context(), target)
		found := a.differences(answer)
		return cmp.Or(a.print(found, differencesText("", found)), error(statusError(exitDifferences)))
	}
	return cmd
}

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
