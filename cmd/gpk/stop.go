package main

import (
	"context"
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
	a.changes(cmd, func(ctx context.Context, on subject) error {
		o, err := apply.Stop(on.made, *mode, *zero)
		stopped := on.made.Ref.Name + " is stopped"
		return a.operate(ctx, on, o, err, sentences{
			done: a.shown(engine.Next(stopped+": ", plan.Gpk("start"), " starts it")), same: stopped + " already"})
	})
	return cmd
}

func (a *app) startCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "start",
		Short:   "Start the database, and its pods if stop has deleted them",
		Long:    `start starts what stop has stopped. It ends when gpk has written and read a row through the clients' Service.`,
		Example: "  gpk start",
	}
	a.changes(cmd, func(ctx context.Context, on subject) error {
		o, err := apply.Start(on.made)
		return a.operate(ctx, on, o, err, sentences{
			done: on.made.Ref.Name + " is ready: " + on.made.Cluster.ClientHost(), same: on.made.Ref.Name + " runs already"})
	})
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
	a.changes(cmd, func(ctx context.Context, on subject) error {
		o, err := apply.Restart(on.made, *mode)
		return a.operate(ctx, on, o, err, sentences{done: on.made.Ref.Name + " has been restarted"})
	})
	return cmd
}

// modeFlag is the flag of gpstop's modes, of which another one is refused.
func modeFlag(cmd *cobra.Command) *string {
	mode := cmd.Flags().String("mode", "fast",
		"smart waits 2m for clients to leave, fast ends their transactions, immediate aborts everything")
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if known := []string{"smart", "fast", "immediate"}; !slices.Contains(known, *mode) {
			return usage("--mode %s: give one of %s", *mode, strings.Join(known, ", "))
		}
		return nil
	}
	return mode
}
