package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"gpk/pkg/apply"
	"gpk/pkg/apply/engine"
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
	dryRun := dryRunFlag(cmd)
	excludes(cmd, "rollback", "version", "image")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *rollback == (*version != "") {
			return usage("give either --version, or --rollback")
		}
		target, m, err := a.made(cmd.Context())
		if err != nil {
			return err
		}
		change := func() (apply.Operation, *topology.Cluster, error) {
			return apply.Upgrade(m, *version, a.settings.GetString("image"))
		}
		if *rollback {
			change = func() (apply.Operation, *topology.Cluster, error) { return apply.UpgradeBack(m) }
		}
		o, to, err := change()
		if err != nil {
			return err
		}
		if to == nil {
			return a.tell(apply.Outcome{}, "%s is on %s: there is no upgrade to undo\n", m.Ref.Name, m.Cluster.Spec.Version)
		}
		name, release := m.Ref.Name, to.Spec.Version
		return a.operate(cmd.Context(), target, o, *dryRun, sentences{
			done: engine.Next(fmt.Sprintf("%s is on %s: %s", name, release, to.ImageRef())),
			same: engine.Next(fmt.Sprintf("no changes: %s is on %s already", name, release))})
	}
	return cmd
}
