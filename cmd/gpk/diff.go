package main

import (
	"cmp"

	"github.com/spf13/cobra"

	"gpk/pkg/apply"
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
		c, target, err := a.clusterOf(file)
		if err != nil {
			return err
		}
		answer, err := apply.Diff(cmd.Context(), target, c, file)
		if err != nil {
			return err
		}
		if len(answer) > 0 {
			a.among(cmd.Context(), target)
		}
		found := a.differences(answer)
		if len(found) == 0 {
			return a.print(found, "no differences\n")
		}
		return cmp.Or(a.print(found, differencesText("", found)), error(statusError(exitDifferences)))
	}
	return cmd
}
