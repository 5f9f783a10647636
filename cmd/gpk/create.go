package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gpk/pkg/apply"
	"gpk/pkg/topology"
)

func (a *app) createCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "create -f cluster.yaml",
		Short: "Make a cluster and wait until its database is ready",
		Long: `create makes the cluster of a file. It ends when every segment is up, every mirror is in sync, and gpk has written a row
to all segments and read it back through the clients' Service.

Run again, create does what is left to do, or prints "no changes". If the file has changed since, create changes nothing:
it prints the command for each change. Some changes have no command: client authentication, the clients' Service, a
further database, and the settings of future pods. create makes these with --update.`,
		Example: "  gpk create -f cluster.yaml\n  gpk create -f cluster.yaml --dry-run",
	}
	var options apply.CreateOptions
	fileFlag(cmd, &options.File)
	imageFlag(cmd)
	dryRun := dryRunFlag(cmd)
	cmd.Flags().BoolVar(&options.Namespace, "create-namespace", false, "create the namespace if it is missing")
	capacityFlag(cmd, &options.SkipCapacity)
	cmd.Flags().BoolVar(&options.Update, "update", false, "make the changes of the file that no other command makes")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, target, err := a.clusterOf(cmd.Context(), options.File)
		if err != nil {
			return err
		}
		if *dryRun {
			return a.refusal(cmd.Context(), target, a.preview(apply.PreviewCreate(cmd.Context(), target, c, options)))
		}
		return a.refusal(cmd.Context(), target, a.create(cmd.Context(), target, c, options))
	}
	return cmd
}

func (a *app) create(ctx context.Context, target *apply.Target, c *topology.Cluster, options apply.CreateOptions) error {
	outcome, err := observed(a, func(tell apply.Observers) (apply.Outcome, error) { return apply.Create(ctx, target, c, options, tell) })
	if err != nil {
		return err
	}
	text := fmt.Sprintf("%s is ready: %d segments, %s:%d\n", c.Metadata.Name, c.Spec.Segments.Count, c.ClientHost(), topology.CoordinatorPort)
	if outcome.Changed == 0 {
		text = fmt.Sprintf("no changes: %s in namespace %s matches the file\n", c.Metadata.Name, c.Metadata.Namespace)
	}
	return a.print(outcome, text)
}

// refusal shows what differs where create refuses a file for that, and all that is in the way of a new cluster.
func (a *app) refusal(ctx context.Context, target *apply.Target, err error) error {
	if inTheWay, ok := errors.AsType[*apply.InTheWayError](err); ok {
		_, text, _ := a.looked(inTheWay.Found)
		return hint(fmt.Errorf("%w:\n%s", err, strings.TrimRight(text, "\n")), "correct these, and run this again")
	}
	changed, ok := errors.AsType[*apply.ChangedError](err)
	if !ok {
		return err
	}
	a.among(ctx, target)
	lines := differencesText("  ", a.differences(apply.DifferencesOf(changed.Changes)))
	return hint(usage("%w:\n%s", err, strings.TrimRight(lines, "\n")),
		"nothing was changed: restore the old values in the file, or run the commands above")
}
