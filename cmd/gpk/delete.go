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
		outcome, err := observed(a, func(tell apply.Observers) (apply.Outcome, error) {
			return apply.Delete(cmd.Context(), target, *data, tell)
		})
		if err != nil {
			return err
		}
		text := target.Ref.Name + " is deleted; its volumes are kept\n"
		switch {
		case *data && outcome.Changed == 0:
			text = fmt.Sprintf("nothing of %s is left to delete in namespace %s\n", target.Ref.Name, target.Ref.Namespace)
		case *data:
			text = target.Ref.Name + " and its data are deleted\n"
		}
		return a.print(outcome, text)
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
func (a *printer) confirm(ref plan.Ref, given string) error {
	if given == "" {
		given = a.answer(fmt.Sprintf("This deletes all data of %s in namespace %s for ever. Type its name to continue:", ref.Name, ref.Namespace))
	}
	if given != ref.Name {
		return hint(usage("the deletion of the data of %s was not confirmed: nothing was deleted", ref.Name),
			plan.Gpk("delete", "--delete-data", "--confirm", ref.Name))
	}
	return nil
}

// answer is what a person types after a question, empty if there is nobody to ask.
func (a *printer) answer(question string) string {
	if !terminal(a.in) {
		return ""
	}
	_, _ = fmt.Fprint(a.err, question, " ")
	line, _ := bufio.NewReader(a.in).ReadString('\n')
	return strings.TrimSpace(line)
}
