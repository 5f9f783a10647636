package main

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"gpk/pkg/apply"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

func (a *app) diffCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "diff -f cluster.yaml",
		Short: "Show what differs between a file and the cluster, and the command for each difference",
		Long: `diff compares cluster.yaml with the one that the cluster was made from, and the cluster with that: objects by a
server-side dry-run, everything else by what the pods and the catalogue say. It changes nothing. Each line has a difference
and the command that takes it away. Exit status 3 if there are differences.`,
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
		found, err := differences(cmd.Context(), target, c, *file)
		if err != nil {
			return err
		}
		if len(found) > 0 {
			a.among(cmd.Context(), target)
		}
		for i := range found {
			found[i].Command, found[i].Why = a.aimed(found[i].Command), a.aimed(found[i].Why)
		}
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

// differences are those of the file to what the cluster was made from, and then those of the cluster to that. A cluster that
// has no database yet is compared with the file itself, but for what its volumes were made for.
func differences(ctx context.Context, target *apply.Target, c *topology.Cluster, file string) ([]difference, error) {
	found := []difference{}
	record, err := target.Record(ctx)
	if drift, foreign := kube.ForeignDrift(err); foreign {
		// The cluster has none then, and what else there is may be somebody else's as well.
		found = append(found, drifted(drift, file, ""))
	} else if err != nil {
		return nil, err
	}
	made, err := recorded(target, record)
	if err != nil {
		return nil, err
	}
	wanted, note := c, ""
	if made != nil {
		p, err := plan.Create(made)
		if err != nil {
			return nil, err
		}
		stage, err := target.Stage(ctx, p)
		if err != nil {
			return nil, err
		}
		left := refused(plan.Changes(made, c, file), stage, false)
		found = append(found, changed(left)...)
		if stage == apply.Database || len(left) > 0 {
			wanted = made
		}
		if len(left) > 0 {
			note = "when what is above is done"
		}
	}
	p, err := plan.Compare(wanted, c)
	if err != nil {
		return nil, err
	}
	drift, err := target.Drift(ctx, p)
	for _, d := range drift {
		found = append(found, drifted(d, file, note))
	}
	return found, err
}

// drifted is a difference of the cluster to its plan. What a person must decide first stands in the place of a command.
func drifted(d engine.Drift, file, note string) difference {
	one := difference{Object: d.Object, Difference: d.Difference, Found: d.Found,
		Command: cmp.Or(d.Command, plan.Repair(d.Step, file)), Why: note}
	if d.Next != "" {
		one.Command, one.Why = d.Next, ""
	}
	return one
}
