package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gpk/pkg/apply"
	"gpk/pkg/plan"
)

func (a *app) deleteCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "delete",
		Short: "Delete a cluster, and keep its volumes by default",
		Long: `delete stops the database and deletes the cluster's objects. The volumes stay, and create finds their data again.

With --delete-data gpk also deletes the volumes and all data, for ever. It first asks for the cluster's name. A script gives
the name with --confirm, or with --yes and --cluster. While an expansion or another operation is unfinished, delete needs
--delete-data.`,
		Example: "  gpk delete --cluster demo\n  gpk delete --cluster demo --delete-data --confirm demo",
	}
	data := cmd.Flags().Bool("delete-data", false, "delete the volumes and all data as well")
	confirm := cmd.Flags().String("confirm", "", "the cluster's name, to delete its data without being asked")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		target, err := a.doomed(cmd.Context())
		if err != nil {
			return err
		}
		if *data {
			given := *confirm
			if given == "" && a.settings.GetBool("yes") && cmd.Flags().Changed("cluster") {
				// --yes alone names nothing.
				given = a.settings.GetString("cluster")
			}
			if err := a.confirm(target.Ref, given); err != nil {
				return err
			}
		}
		progress := a.progress()
		defer progress.stop()
		outcome, err := apply.Delete(cmd.Context(), target, *data, progress.observers())
		progress.stop()
		if err != nil {
			return err
		}
		if *data && outcome.Changed == 0 {
			return a.tell(outcome, "nothing of %s is left to delete in namespace %s\n", target.Ref.Name, target.Ref.Namespace)
		}
		if *data {
			return a.tell(outcome, "%s and its data are deleted\n", target.Ref.Name)
		}
		return a.tell(outcome, "%s is deleted; its volumes are kept\n", target.Ref.Name)
	}
	return cmd
}

// doomed is the target that is named, there or not, so that delete can be run again, or else the only one there is.
func (a *finder) doomed(ctx context.Context) (*apply.Target, error) {
	if name := a.settings.GetString("cluster"); name != "" {
		return a.target(plan.Ref{Namespace: a.namespace(), Name: name})
	}
	return a.existing(ctx)
}

// confirm wants the cluster's name, from the flag or from a person.
func (a *app) confirm(ref plan.Ref, given string) error {
	if given == "" && terminal(a.in) {
		_, _ = fmt.Fprintf(a.err, "This deletes all data of %s in namespace %s for ever. Type its name to continue: ", ref.Name, ref.Namespace)
		line, err := bufio.NewReader(a.in).ReadString('\n')
		if err != nil {
			return usage("no answer: nothing was deleted")
		}
		given = strings.TrimSpace(line)
	}
	if given != ref.Name {
		return hint(usage("the deletion of the data of %s was not confirmed: nothing was deleted", ref.Name),
			plan.Gpk("delete", "--delete-data", "--confirm", ref.Name))
	}
	return nil
}
