package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"gpk/pkg/apply"
	"gpk/pkg/apply/engine"
)

func (a *app) checkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check -f cluster.yaml",
		Short: "Show all that would keep create from making a cluster",
		Long: `check looks at everything that create needs for a file: your rights, the release of Kubernetes, the Secret with passwords
and the image. It also looks at storage classes, quotas, nodes, the rules on pods and the names of objects. It prints all faults
at once, a line each, with what to do. Exit status 2 if there are any.
For the image it makes one short-lived pod, and deletes it again. It changes nothing else.`,
		Example: "  gpk check -f cluster.yaml\n  gpk check -f cluster.yaml --image registry.example/greenplum:7.1.0 -o json",
	}
	var options apply.CreateOptions
	fileFlag(cmd, &options.File)
	imageFlag(cmd)
	capacityFlag(cmd, &options.SkipCapacity)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, target, err := a.clusterOf(cmd.Context(), options.File)
		if err != nil {
			return err
		}
		found, err := observed(a, func(tell apply.Observers) ([]engine.Preview, error) {
			return apply.Check(cmd.Context(), target, c, options, tell)
		})
		if err != nil {
			return a.refusal(cmd.Context(), target, err)
		}
		shown, text, faults := a.looked(found)
		if faults == 0 {
			return a.print(shown, text+"nothing is in the way of create\n")
		}
		text += fmt.Sprintf("%s cannot be created: %s; nothing was changed\n", c.Metadata.Name, counted(faults, "fault"))
		return cmp.Or(a.print(shown, text), error(statusError(exitUsage)))
	}
	return cmd
}

// looked is what steps have found, as text, and the number of faults. The text has a line for each step without a fault, for each fault
// with what to do, and for each note. A step whose facts could not be had is a fault.
func (a *printer) looked(found []engine.Preview) (shown []previewed, text string, faults int) {
	shown = make([]previewed, 0, len(found))
	var lines strings.Builder
	note := func(notes []string) {
		for _, note := range notes {
			fmt.Fprintf(&lines, "%s %s\n", color.YellowString("!"), oneLine(note))
		}
	}
	for _, preview := range found {
		one := a.previewed(a.withError(preview))
		shown = append(shown, one)
		if one.State == engine.Done {
			fmt.Fprintf(&lines, "%s %s\n", color.GreenString("✓"), one.Title)
			note(one.Details)
			continue
		}
		notes := preview.Finding.Notes
		for _, fault := range one.Details[:len(one.Details)-len(notes)] {
			fmt.Fprintf(&lines, "%s %s%s\n", color.RedString("✗"), oneLine(fault), nextOnLine(one.Next))
			faults++
		}
		note(notes)
	}
	return shown, lines.String(), faults
}

// withError is a preview whose error is its finding.
func (a *printer) withError(preview engine.Preview) engine.Preview {
	if preview.Err == nil {
		return preview
	}
	err := a.explain(preview.Err)
	preview.Finding = engine.Finding{State: engine.Unknown, Details: []string{err.Error()}}
	if told, ok := errors.AsType[*engine.NextError](err); ok {
		preview.Finding.Next = told.Next
	}
	return preview
}

func nextOnLine(next string) string {
	if next == "" {
		return ""
	}
	return "; next: " + oneLine(next)
}

func oneLine(text string) string { return printable(strings.Join(strings.Fields(text), " ")) }

func counted(count int, what string) string {
	if count == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", count, what)
}
