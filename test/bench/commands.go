//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"gpk/test/bench/internal/cluster"
)

func upCommand(dir *string) *cobra.Command {
	var size cluster.Size
	cmd := &cobra.Command{
		Use: "up", Short: "Start the bench, building what is missing; what runs already is left alone", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			begin, out := time.Now(), cmd.OutOrStdout()
			instance, parts, err := prepare(cmd.Context(), *dir, size, out)
			if err != nil {
				return err
			}
			if err := instance.Up(cmd.Context(), size, parts, stages(out)); err != nil {
				return err
			}
			fmt.Fprintf(out, "bench is up (%s)\n  export KUBECONFIG=%s\n", seconds(begin), instance.Kubeconfig()) //nolint:errcheck // as below
			return nil
		},
	}
	cmd.Flags().IntVar(&size.Nodes, "nodes", 0,
		fmt.Sprintf("nodes to have (default: as many as there are, else %d)", cluster.DefaultNodes))
	cmd.Flags().IntVar(&size.Simulated, "simulated", 0, "simulated nodes to have beside them (default: as many as there are)")
	return cmd
}

func buildCommand() *cobra.Command {
	return &cobra.Command{
		Use: "build", Short: "Build and (as root) install what a bench runs, and start nothing", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cache, err := findCache()
			if err != nil {
				return err
			}
			if err := checkDisk(cache.Dir); err != nil {
				return err
			}
			if checkRoot(os.Geteuid()) == nil {
				if err := installTools(cmd.Context(), stages(cmd.OutOrStdout())); err != nil {
					return err
				}
			}
			_, err = buildParts(cmd.Context(), cache, true, stages(cmd.OutOrStdout()))
			return err
		},
	}
}

func downCommand(dir *string) *cobra.Command {
	return &cobra.Command{
		Use: "down", Short: "Stop the bench and remove everything in it, volumes too", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkRoot(os.Geteuid()); err != nil {
				return err
			}
			instance, err := open(*dir)
			if err != nil {
				return err
			}
			return instance.Down(cmd.Context(), stages(cmd.OutOrStdout()))
		},
	}
}

func statusCommand(dir *string) *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Show the bench's machines; exit 1 unless all is well", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			instance, err := open(*dir)
			if err != nil {
				return err
			}
			status, err := instance.Status(cmd.Context())
			if err != nil {
				return err
			}
			printStatus(cmd.OutOrStdout(), status)
			if !status.Up {
				return errors.New("the bench is not up, or not whole; `make bench-up` makes it so")
			}
			return nil
		},
	}
}

func kubeconfigCommand(dir *string) *cobra.Command {
	return &cobra.Command{
		Use: "kubeconfig", Short: "Print the path of the administrator's kubeconfig", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			instance, err := open(*dir)
			if err != nil {
				return err
			}
			if _, err := os.Stat(instance.Kubeconfig()); err != nil {
				return errors.New("the bench is not up; `make bench-up` starts it")
			}
			fmt.Fprintln(cmd.OutOrStdout(), instance.Kubeconfig()) //nolint:errcheck // as below
			return nil
		},
	}
}

func loadCommand(dir *string) *cobra.Command {
	return &cobra.Command{
		Use: "load IMAGE.tar...", Short: "Bring images into every node's containerd", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkRoot(os.Geteuid()); err != nil {
				return err
			}
			for _, path := range args {
				if _, err := os.Stat(path); err != nil {
					return fmt.Errorf("no such image: %w", err)
				}
			}
			instance, err := open(*dir)
			if err != nil {
				return err
			}
			return instance.Load(cmd.Context(), args, stages(cmd.OutOrStdout()))
		},
	}
}
