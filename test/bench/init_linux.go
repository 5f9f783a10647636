package main

import (
	"os"

	"github.com/spf13/cobra"

	"gpk/test/bench/internal/machine"
)

// initCommands is what machines are started by; it is no one's to type.
func initCommands() []*cobra.Command {
	return []*cobra.Command{{
		Use: machine.InitCommand + " SPEC", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return machine.Init(args[0], os.Stderr) },
	}}
}
