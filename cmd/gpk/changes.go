package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"gpk/pkg/apply"
	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

// difference is one line of `gpk diff` and of a create that is refused. Its JSON is stable.
type difference struct {
	// Object is what the field is of, as kubectl names it; empty for cluster.yaml.
	Object string `json:"object,omitempty"`
	plan.Difference
	// Found says in words what is amiss where there is no field that says it.
	Found string `json:"found,omitempty"`
	// Command makes the change; where there is none, Why says why not.
	Command string `json:"command,omitempty"`
	Why     string `json:"why,omitempty"`
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

func changed(changes []plan.Change) []difference {
	var all []difference
	for _, c := range changes {
		all = append(all, difference{Difference: c.Difference, Command: c.Command, Why: c.Why})
	}
	return all
}

// What is to be done is in one column, except behind differences that are longer than this.
const widestColumn = 90

func printDifferences(out io.Writer, indent string, all []difference) error {
	width := 0
	for _, d := range all {
		if n := utf8.RuneCountInString(d.String()); n <= widestColumn {
			width = max(width, n)
		}
	}
	for _, d := range all {
		text := d.String()
		gap := max(width-utf8.RuneCountInString(text), 0) + 2
		if _, err := fmt.Fprintf(out, "%s%s%*s%s\n", indent, text, gap, "", d.answer()); err != nil {
			return err
		}
	}
	return nil
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

func value(text string) string {
	if text == "" {
		return "absent"
	}
	return shorten(text, 100)
}

// recorded is the cluster.yaml that a cluster was made from, nil if gpk has no record of it.
func recorded(target *apply.Target, record record.Record) (*topology.Cluster, error) {
	if record.Spec == "" {
		return nil, nil
	}
	c, err := topology.Recorded([]byte(record.Spec), target.Ref.Namespace)
	if err != nil {
		return nil, hint(fmt.Errorf("ConfigMap/%s-gpk, which keeps the cluster.yaml that %[1]s was made from, cannot be read:\n%w",
			target.Ref.Name, err),
			fmt.Sprintf("put the file back: kubectl edit configmap -n %s %s-gpk", target.Ref.Namespace, target.Ref.Name))
	}
	return c, nil
}

// acceptable is for apply.Options.Accept: whether create may go on with a file, given what the cluster was made from. While
// there is no database yet a changed file is taken, but for what the volumes were made for.
func (a *app) acceptable(target *apply.Target, c *topology.Cluster, file string, update bool) func(context.Context, record.Record) error {
	return func(ctx context.Context, record record.Record) error {
		made, err := recorded(target, record)
		if made == nil || err != nil {
			return err
		}
		changes := plan.Changes(made, c, file)
		if len(changes) == 0 {
			return nil
		}
		p, err := plan.Create(made)
		if err != nil {
			return err
		}
		stage, err := target.Stage(ctx, p)
		if err != nil {
			return err
		}
		left := refused(changes, stage, update)
		if len(left) > 0 {
			a.among(ctx, target)
		}
		return refusal(c, file, left)
	}
}

// refused are the changes that create does not make.
func refused(changes []plan.Change, stage apply.Stage, update bool) []plan.Change {
	var left []plan.Change
	for _, change := range changes {
		switch {
		case stage == apply.Database && (!update || !change.Update):
			left = append(left, change)
		case stage == apply.Volumes && change.Fixed:
			change.Command, change.Why = "gpk delete --delete-data", "the volumes have been made for it; there is no database in them yet"
			left = append(left, change)
		}
	}
	return left
}

func refusal(c *topology.Cluster, file string, changes []plan.Change) error {
	if len(changes) == 0 {
		return nil
	}
	var lines strings.Builder
	if err := printDifferences(&lines, "  ", changed(changes)); err != nil {
		return err
	}
	return hint(usage("%s differs from the file that %s was made from, and create does not change what is there:\n%s",
		file, c.Metadata.Name, strings.TrimRight(lines.String(), "\n")),
		"put the values back, or type the commands above; nothing was changed")
}
