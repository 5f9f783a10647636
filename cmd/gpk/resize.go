package main

import (
	"context"

	"github.com/spf13/cobra"

	"gpk/pkg/apply"
	"gpk/pkg/topology"
)

func (a *app) resizeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "resize -f cluster.yaml",
		Short: "Give the pods other resources and larger volumes",
		Long: `resize gives the pods the requests, limits and volume sizes of a file, and the instances the settings that gpk derives from
them. Volumes grow while the database runs, if their storage class allows it.

Other resources need a maintenance window: gpk stops the database, recreates all pods, and starts it again. If that fails,
gpk goes back to the previous resources by itself. Other commands make the other changes of the file: gpk diff names them.`,
		Example: "  gpk resize -f cluster.yaml --dry-run\n  gpk resize -f cluster.yaml",
	}
	var file string
	var skipCapacity bool
	fileFlag(cmd, &file)
	capacityFlag(cmd, &skipCapacity)
	var c *topology.Cluster
	var fault error
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if c, fault = a.load(file); fault != nil && !is[*topology.MovingTagError](fault) {
			return fault
		}
		a.settings.Set("namespace", c.Metadata.Namespace)
		a.settings.Set("cluster", c.Metadata.Name)
		return nil
	}
	a.changes(cmd, func(ctx context.Context, on subject) error {
		if err := a.tolerate(fault, c, on.made.Cluster); err != nil {
			return err
		}
		o, err := apply.Resize(on.made, c, file, skipCapacity)
		now := on.made.Ref.Name + " has the sizes of " + shownPath(file)
		return a.operate(ctx, on, o, err, sentences{done: now, same: "no changes: " + now})
	})
	return cmd
}
