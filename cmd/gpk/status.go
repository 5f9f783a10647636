package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"gpk/pkg/apply"
)

func (a *app) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show the cluster's instances, and where they run",
		Long: `status shows every instance of the catalogue, with its pod and its node. It also lists the faults that it finds. Exit status
1 if there are any.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			target, err := a.existing(cmd.Context())
			if err != nil {
				return err
			}
			status, err := apply.StatusOf(cmd.Context(), target)
			if err != nil {
				return err
			}
			if a.json() {
				err = a.printJSON(status)
			} else {
				err = a.printStatus(status)
			}
			if err == nil && len(status.Faults) > 0 {
				return statusError(exitFailed)
			}
			return err
		},
	}
}

func (a *printer) printStatus(s apply.Status) error {
	table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(table, "%s in namespace %s: %s\n\n", s.Cluster.Name, s.Cluster.Namespace, s.Summary())
	_, _ = fmt.Fprintf(table, "CONTENT\tDBID\tROLE\tSTATUS\tMODE\tPOD\tPORT\tNODE\tDIRECTORY\n")
	for _, i := range s.Instances {
		_, _ = fmt.Fprintf(table, "%d\t%d\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n",
			i.Content, i.DBID, i.Role, i.Status, i.Mode, i.Pod, i.Port, i.Node, i.Dir)
	}
	for _, fault := range s.Faults {
		_, _ = fmt.Fprintf(table, "%s %s\n", color.RedString("!"), fault)
	}
	return table.Flush()
}
