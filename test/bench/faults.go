//go:build linux

package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"gpk/test/bench/internal/cluster"
)

// fault is something that happens to an instance, or to some of its nodes.
type fault func(i *cluster.Instance, ctx context.Context, nodes []string, stage cluster.Stage) error

// faultCommands break an instance in defined ways, and mend it.
func faultCommands(dir *string) []*cobra.Command {
	restart := func(i *cluster.Instance, ctx context.Context, _ []string, stage cluster.Stage) error {
		return i.RestartAPIServer(ctx, stage)
	}
	some := cobra.MinimumNArgs(1)
	return []*cobra.Command{
		faultCommand(dir, "kill-node NODE...", "Cut nodes' power: what ran there is gone, disks stay", some, (*cluster.Instance).KillNodes),
		faultCommand(dir, "start-node NODE...", "Start killed nodes with their disks, and wait for them", some, (*cluster.Instance).StartNodes),
		faultCommand(dir, "partition NODE...", "Cut nodes off from everybody; what runs there goes on", some, (*cluster.Instance).PartitionNodes),
		faultCommand(dir, "pause NODE...", "Stop nodes where they stand, as a hypervisor does", some, (*cluster.Instance).PauseNodes),
		faultCommand(dir, "heal NODE...", "Connect partitioned nodes again, and let paused ones go on", some, (*cluster.Instance).HealNodes),
		faultCommand(dir, "restart-apiserver", "Kill the API server, and wait for the one in its place", cobra.NoArgs, restart),
	}
}

func faultCommand(dir *string, use, short string, args cobra.PositionalArgs, do fault) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: args,
		RunE: func(cmd *cobra.Command, nodes []string) error {
			if err := checkRoot(os.Geteuid()); err != nil {
				return err
			}
			instance, err := open(*dir)
			if err != nil {
				return err
			}
			return do(instance, cmd.Context(), nodes, stages(cmd.OutOrStdout()))
		},
	}
}
