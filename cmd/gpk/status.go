package main

import (
	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"gpk/pkg/apply"
	"gpk/pkg/plan"
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
			err = a.print(status, statusText(status))
			if err == nil && len(status.Faults) > 0 {
				return statusError(exitFailed)
			}
			return err
		},
	}
}

func statusText(s apply.Status) string {
	var text table
	text.line("%s in namespace %s: %s\n", s.Cluster.Name, s.Cluster.Namespace, s.Summary())
	text.line("CONTENT\tDBID\tROLE\tSTATUS\tMODE\tPOD\tPORT\tNODE\tDIRECTORY")
	for _, i := range s.Instances {
		text.line("%d\t%d\t%s\t%s\t%s\t%s\t%d\t%s\t%s",
			i.Content, i.DBID, i.Role, i.Status, i.Mode, i.Pod, i.Port, i.Node, i.Dir)
	}
	for _, fault := range s.Faults {
		text.line("%s %s", color.RedString("!"), fault)
	}
	for _, warning := range s.Warnings {
		text.line("%s %s", color.YellowString("!"), warning)
	}
	for _, kept := range s.Kept {
		text.line("%s %s", color.YellowString("-"), kept)
	}
	if len(s.Kept) > 0 {
		text.line("  It may have commits that the acting coordinator lacks. To remove it: %s", plan.Gpk("recover", "--discard-aside"))
	}
	return text.String()
}
