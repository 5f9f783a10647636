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
		Long: `create makes the cluster of a file: it ends when a row has been written to and read from all segments through the
clients' Service, with every segment up and every mirror in sync. Run again, it does what is left; when nothing is, it
says so and changes nothing. A file that has been changed since changes nothing either: create says which command would.
What can be changed without one (client authentication, the clients' Service, a further database, what future pods get) it
changes with --update.`,
		Example: "  gpk create -f cluster.yaml\n  gpk create -f cluster.yaml --dry-run",
	}
	file := cmd.Flags().StringP("filename", "f", "", "cluster.yaml, or - for standard input")
	cmd.Flags().String("image", "", "image to use instead of the file's")
	dryRun := cmd.Flags().Bool("dry-run", false, "only say what there is to do; exit status 3 if there is something")
	makeNamespace := cmd.Flags().Bool("create-namespace", false, "make the namespace if it is missing")
	skipCapacity := cmd.Flags().Bool("skip-capacity", false, "do not look whether the nodes have room, as where an autoscaler adds some")
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
		return a.tell(outcome, "no changes: %s in namespace %s is as the file says\n", c.Metadata.Name, c.Metadata.Namespace)
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
		"put the values back, or type the commands above; nothing was changed")
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
