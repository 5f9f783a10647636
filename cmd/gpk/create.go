package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gpk/pkg/apply"
	"gpk/pkg/plan"
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
	file := cmd.Flags().StringP("filename", "f", "", "cluster.yaml, or - for standard input")
	cmd.Flags().String("image", "", "image to use instead of the file's")
	dryRun := cmd.Flags().Bool("dry-run", false, "only show what the command would do; exit status 3 if it would do anything")
	makeNamespace := cmd.Flags().Bool("create-namespace", false, "create the namespace if it is missing")
	skipCapacity := cmd.Flags().Bool("skip-capacity", false, "skip the capacity check (for clusters with an autoscaler)")
	update := cmd.Flags().Bool("update", false, "make the changes of the file that no other command makes")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := a.loadWithImage(*file)
		if err != nil {
			return err
		}
		target, err := a.target(plan.Ref{Namespace: c.Metadata.Namespace, Name: c.Metadata.Name})
		if err != nil {
			return err
		}
		options := apply.CreateOptions{File: *file, Update: *update, SkipCapacity: *skipCapacity, Namespace: *makeNamespace}
		if *dryRun {
			return a.refusal(cmd.Context(), target, a.preview(apply.PreviewCreate(cmd.Context(), target, c, options)))
		}
		return a.refusal(cmd.Context(), target, a.create(cmd.Context(), target, c, options))
	}
	return cmd
}

func (a *app) create(ctx context.Context, target *apply.Target, c *topology.Cluster, options apply.CreateOptions) error {
	progress := a.progress()
	defer progress.stop()
	outcome, err := apply.Create(ctx, target, c, options, progress.observers())
	progress.stop()
	if err != nil {
		return err
	}
	if outcome.Changed == 0 {
		return a.tell(outcome, "no changes: %s in namespace %s matches the file\n", c.Metadata.Name, c.Metadata.Namespace)
	}
	return a.tell(outcome, "%s is ready: %d segments, %s:%d\n",
		c.Metadata.Name, c.Spec.Segments.Count, c.ClientHost(), topology.CoordinatorPort)
}

// refusal shows what differs where create refuses a file for that.
func (a *app) refusal(ctx context.Context, target *apply.Target, err error) error {
	var changed *apply.ChangedError
	if !errors.As(err, &changed) {
		return err
	}
	a.among(ctx, target)
	var lines strings.Builder
	if err := printDifferences(&lines, "  ", a.differences(apply.DifferencesOf(changed.Changes))); err != nil {
		return err
	}
	return hint(usage("%w:\n%s", err, strings.TrimRight(lines.String(), "\n")),
		"nothing was changed: restore the old values in the file, or run the commands above")
}

// tell prints the outcome: a sentence for people, JSON for machines.
func (a *printer) tell(outcome apply.Outcome, format string, args ...any) error {
	if a.json() {
		return a.printJSON(outcome)
	}
	_, err := fmt.Fprintf(a.out, format, args...)
	return err
}

func (a *printer) printJSON(value any) error {
	encoder := json.NewEncoder(a.out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
