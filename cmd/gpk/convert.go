package main

import (
	"context"

	"github.com/spf13/cobra"

	"gpk/pkg/apply"
)

func (a *app) convertCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "convert",
		Short: "Convert a cluster that an earlier gpk made",
		Long: `convert changes a cluster that an earlier gpk made, in which hosts have full names. It gives the hosts the names of their pods, in
the catalogue and in the files of all instances. Pods then know each other by certificates, and gpk writes pg_hba.conf as a whole.
It needs a maintenance window: gpk stops the database, recreates all pods, converts the instances, starts the database and
verifies it. Other commands that change such a cluster are refused until then.`,
		Example: "  gpk convert --dry-run\n  gpk convert",
	}
	a.changes(cmd, func(ctx context.Context, on subject) error {
		o, err := apply.Convert(ctx, on.target, on.made)
		name := on.made.Ref.Name
		return a.operate(ctx, on, o, err, sentences{done: name + " is converted", same: "no changes: " + name + " needs no conversion"})
	})
	return cmd
}
