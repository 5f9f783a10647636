package main

import (
	"fmt"

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
	file := cmd.Flags().StringP("filename", "f", "", "cluster.yaml, or - for standard input")
	cmd.Flags().String("image", "", "image to use instead of the file's")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := a.loadWithImage(*file)
		if err != nil {
			return err
		}
		target, err := a.target(plan.Ref{Namespace: c.Metadata.Namespace, Name: c.Metadata.Name})
		if err != nil {
			return err
		}
		answer, err := apply.Diff(cmd.Context(), target, c, *file)
		if err != nil {
			return err
		}
		if len(answer) > 0 {
			a.among(cmd.Context(), target)
		}
		found := a.differences(answer)
		switch {
		case a.json():
			err = a.printJSON(found)
		case len(found) == 0:
			_, err = fmt.Fprintln(a.out, "no differences")
		default:
			err = printDifferences(a.out, "", found)
		}
		if err == nil && len(found) > 0 {
			return statusError(exitDifferences)
		}
		return err
	}
	return cmd
}
