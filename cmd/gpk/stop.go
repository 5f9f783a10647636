package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gpk/pkg/apply"
	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
)

func (a *app) stopCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "stop",
		Short: "Stop the database, and with --scale-to-zero its pods too",
		Long: `stop stops the database with gpstop. It stays stopped until gpk start, even if pods or nodes restart. With --scale-to-zero
gpk also deletes the pods, which frees their nodes. The volumes are kept.`,
		Example: "  gpk stop\n  gpk stop --mode smart\n  gpk stop --scale-to-zero",
	}
	mode := modeFlag(cmd)
	zero := cmd.Flags().Bool("scale-to-zero", false, "delete the pods too, and keep the volumes")
	dryRun := dryRunFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := checkMode(*mode); err != nil {
			return err
		}
		target, m, err := a.made(cmd.Context())
		if err != nil {
			return err
		}
		o, err := apply.Stop(m, *mode, *zero)
		if err != nil {
			return err
		}
		return a.operate(cmd.Context(), target, o, *dryRun, sentences{
			done: engine.Next(m.Ref.Name+" is stopped: ", plan.Gpk("start"), " starts it"),
			same: engine.Next(m.Ref.Name + " is stopped already")})
	}
	return cmd
}

func (a *app) startCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "start",
		Short:   "Start the database, and its pods if stop has deleted them",
		Long:    `start starts what stop has stopped. It ends when gpk has written and read a row through the clients' Service.`,
		Example: "  gpk start",
	}
	dryRun := dryRunFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		target, m, err := a.made(cmd.Context())
		if err != nil {
			return err
		}
		o, err := apply.Start(m)
		if err != nil {
			return err
		}
		return a.operate(cmd.Context(), target, o, *dryRun, sentences{
			done: engine.Next(m.Ref.Name + " is ready: " + m.Cluster.ClientHost()), same: engine.Next(m.Ref.Name + " runs already")})
	}
	return cmd
}

func (a *app) restartCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "restart",
		Short:   "Stop the database and start it again",
		Long:    `restart stops the database with gpstop and starts it with gpstart, in the same pods.`,
		Example: "  gpk restart",
	}
	mode := modeFlag(cmd)
	dryRun := dryRunFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := checkMode(*mode); err != nil {
			return err
		}
		target, m, err := a.made(cmd.Context())
		if err != nil {
			return err
		}
		o, err := apply.Restart(m, *mode)
		if err != nil {
			return err
		}
		return a.operate(cmd.Context(), target, o, *dryRun, sentences{done: engine.Next(m.Ref.Name + " has been restarted")})
	}
	return cmd
}

func modeFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("mode", "fast",
		"smart waits 2m for clients to leave, fast ends their transactions, immediate aborts everything")
}

func checkMode(mode string) error {
	if known := []string{"smart", "fast", "immediate"}; !slices.Contains(known, mode) {
		return usage("--mode %s: give one of %s", mode, strings.Join(known, ", "))
	}
	return nil
}
