//go:build linux

// Command bench brings up a real Kubernetes on this one machine, for tests,
// demo and benchmarks, and takes it down without a trace.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench: "+err.Error())
		os.Exit(1) //nolint:gocritic // nothing is left to stop
	}
}

func newCommand() *cobra.Command {
	var dir string
	root := &cobra.Command{
		Use:           "bench",
		Short:         "A real Kubernetes on this one machine, for tests",
		SilenceUsage:  true,
		SilenceErrors: true,
		CompletionOptions: cobra.CompletionOptions{
			DisableDefaultCmd: true,
		},
	}
	root.PersistentFlags().StringVar(&dir, "dir", "", "folder of the bench's state (default: the project's .bench)")
	root.AddCommand(upCommand(&dir), buildCommand(), downCommand(&dir), statusCommand(&dir), kubeconfigCommand(&dir), loadCommand(&dir))
	root.AddCommand(faultCommands(&dir)...)
	root.AddCommand(initCommands()...)
	return root
}
