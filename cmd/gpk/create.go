package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"gpk/pkg/apply"
	"gpk/pkg/apply/record"
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
		p, err := plan.Create(c)
		if err != nil {
			return err
		}
		if *skipCapacity {
			p = p.Without("capacity")
		}
		target, err := a.target(p.Cluster)
		if err != nil {
			return err
		}
		accept := a.acceptable(target, c, *file, *update)
		if *dryRun {
			record, err := target.Record(cmd.Context())
			if err != nil {
				return err
			}
			if err := accept(cmd.Context(), record); err != nil {
				return err
			}
			return a.preview(cmd.Context(), target, p)
		}
		if err := target.Namespace(cmd.Context(), *makeNamespace); err != nil {
			return err
		}
		return a.create(cmd.Context(), target, p, c, accept)
	}
	return cmd
}

func (a *app) create(ctx context.Context, target *apply.Target, p plan.Plan, c *topology.Cluster,
	accept func(context.Context, record.Record) error) error {
	spec, err := yaml.Marshal(c)
	if err != nil {
		return err
	}
	outcome, err := a.run(ctx, target, p, apply.Options{Spec: string(spec), Accept: accept})
	if err != nil {
		return err
	}
	if outcome.Changed == 0 {
		return a.tell(outcome, "no changes: %s in namespace %s is as the file says\n", c.Metadata.Name, c.Metadata.Namespace)
	}
	return a.tell(outcome, "%s is ready: %d segments, %s:%d\n",
		c.Metadata.Name, c.Spec.Segments.Count, c.ClientHost(), topology.CoordinatorPort)
}

// run carries a plan out with progress.
func (a *app) run(ctx context.Context, target *apply.Target, p plan.Plan, options apply.Options) (apply.Outcome, error) {
	progress := a.progress()
	defer progress.stop()
	options.Waiting = progress.waiting
	return target.Run(ctx, p, options, progress.observe)
}

// tell prints the outcome: a sentence for people, JSON for machines.
func (a *app) tell(outcome apply.Outcome, format string, args ...any) error {
	if a.json() {
		return a.printJSON(outcome)
	}
	_, err := fmt.Fprintf(a.out, format, args...)
	return err
}

func (a *app) printJSON(value any) error {
	encoder := json.NewEncoder(a.out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
