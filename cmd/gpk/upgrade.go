package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"gpk/pkg/apply"
	"gpk/pkg/topology"
)

func (a *app) upgradeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "upgrade --version V",
		Short: "Change to another release with the same catalogue version",
		Long: `upgrade pulls the image to every node while the database runs, and compares its catalogue version. The maintenance window
follows: gpk stops the database, recreates all pods, starts the database and verifies it. If that fails, gpk goes back to the
previous image by itself. upgrade --rollback goes back later.`,
		Example: "  gpk upgrade --version 7.2.0\n  gpk upgrade --version 7.2.0 --image registry.example/greenplum@sha256:…\n" +
			"  gpk upgrade --rollback",
	}
	version := cmd.Flags().String("version", "", "release to change to")
	cmd.Flags().String("image", "", "image of that release (default: the present image, with the release as its tag)")
	rollback := cmd.Flags().Bool("rollback", false, "go back to the release before the last upgrade")
	excludes(cmd, "rollback", "version", "image")
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if *rollback == (*version != "") {
			return usage("give either --version, or --rollback")
		}
		return nil
	}
	a.changes(cmd, func(ctx context.Context, on subject) error {
		change := func() (apply.Operation, *topology.Cluster, error) {
			return apply.Upgrade(on.made, *version, a.settings.GetString("image"))
		}
		if *rollback {
			change = func() (apply.Operation, *topology.Cluster, error) { return apply.UpgradeBack(on.made) }
		}
		o, to, err := change()
		switch name, has := on.made.Ref.Name, on.made.Cluster.Spec.Version; {
		case err != nil:
			return err
		case to == nil:
			return a.print(apply.Outcome{}, fmt.Sprintf("%s is on %s: there is no upgrade to undo\n", name, has))
		default:
			now := fmt.Sprintf("%s is on %s", name, to.Spec.Version)
			return a.operate(ctx, on, o, nil, sentences{done: now + ": " + to.ImageRef(), same: "no changes: " + now + " already"})
		}
	})
	return cmd
}
