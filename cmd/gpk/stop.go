package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gpk/pkg/plan"
)

func (a *app) stopCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "stop",
		Short: "Stop the database, and with --scale-to-zero its pods too",
		Long: `stop stops the database with gpstop and has its pods keep it down, whatever restarts, until start. With --scale-to-zero the
pods go as well, which gives their nodes back; the volumes are kept.`,
		Example: "  gpk stop\n  gpk stop --mode smart\n  gpk stop --scale-to-zero",
	}
	mode := modeFlag(cmd)
	zero := cmd.Flags().Bool("scale-to-zero", false, "take the pods away too, and keep the volumes")
	dryRun := dryRunFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := checkMode(*mode); err != nil {
			return err
		}
		m, err := a.made(cmd.Context())
		if err != nil {
			return err
		}
		p, err := plan.Stop(m.cluster, *mode, *zero)
		if err != nil {
			return err
		}
		name := m.target.Ref.Name
		return a.operate(cmd.Context(), m, operation{plan: p, amid: !*zero || notUpgrading(m),
			done: name + " is stopped: gpk start starts it", same: name + " is stopped already"}, *dryRun)
	}
	return cmd
}

func (a *app) startCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "start",
		Short:   "Start the database, with its pods if they were taken away",
		Long:    `start brings back what stop has stopped, and ends when a row has been written and read through the clients' Service.`,
		Example: "  gpk start",
	}
	dryRun := dryRunFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		m, err := a.made(cmd.Context())
		if err != nil {
			return err
		}
		p, err := plan.Start(m.cluster)
		if err != nil {
			return err
		}
		name := m.target.Ref.Name
		return a.operate(cmd.Context(), m, operation{plan: p, amid: notUpgrading(m),
			done: name + " is ready: " + m.cluster.ClientHost(), same: name + " runs already"}, *dryRun)
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
		m, err := a.made(cmd.Context())
		if err != nil {
			return err
		}
		p, err := plan.Restart(m.cluster, *mode)
		if err != nil {
			return err
		}
		return a.operate(cmd.Context(), m, operation{plan: p, amid: notUpgrading(m),
			done: m.target.Ref.Name + " has been restarted"}, *dryRun)
	}
	return cmd
}

// notUpgrading says that no upgrade is half done. Amid one, pods would start a database of two releases.
func notUpgrading(m made) bool {
	return m.record.Unfinished == nil || m.record.Unfinished.Operation != "upgrade"
}

func modeFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("mode", "fast",
		"smart waits two minutes for clients to leave, fast ends their transactions, immediate aborts everything")
}

func checkMode(mode string) error {
	if known := []string{"smart", "fast", "immediate"}; !slices.Contains(known, mode) {
		return usage("--mode %s: there are %s", mode, strings.Join(known, ", "))
	}
	return nil
}
