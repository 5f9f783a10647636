package main

import (
	"github.com/spf13/cobra"

	"gpk/pkg/apply"
	"gpk/pkg/apply/engine"
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
	file := cmd.Flags().StringP("filename", "f", "", "cluster.yaml, or - for standard input")
	skipCapacity := cmd.Flags().Bool("skip-capacity", false, "skip the capacity check (for clusters with an autoscaler)")
	dryRun := dryRunFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := a.load(*file)
		if err != nil {
			return err
		}
		a.settings.Set("namespace", c.Metadata.Namespace)
		a.settings.Set("cluster", c.Metadata.Name)
		target, m, err := a.made(cmd.Context())
		if err != nil {
			return err
		}
		o, err := apply.Resize(m, c, *file, *skipCapacity)
		if err != nil {
			return err
		}
		now := m.Ref.Name + " has the sizes of " + shownPath(*file)
		return a.operate(cmd.Context(), target, o, *dryRun, sentences{done: engine.Next(now), same: engine.Next("no changes: " + now)})
	}
	return cmd
}
