package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gpk/pkg/plan"
)

// onlyCommands makes an unknown command below this one a usage error, with the nearest ones that there are.
func onlyCommands(parent *cobra.Command) {
	parent.Args = cobra.ArbitraryArgs
	parent.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		return noCommand(cmd, args[0])
	}
}

func noCommand(parent *cobra.Command, name string) error {
	path := parent.CommandPath()
	err := usage("there is no command %q", strings.TrimPrefix(path+" "+name, parent.Root().Name()+" "))
	parent.SuggestionsMinimumDistance = 2
	if near := parent.SuggestionsFor(name); len(near) > 0 {
		return hint(err, "did you mean "+path+" "+strings.Join(near, ", "+path+" ")+"? See `"+path+" --help`")
	}
	return hint(err, "see `"+path+" --help`; nothing was changed")
}

// cobrasCommands have the commands that cobra adds refuse what they do not know.
func cobrasCommands(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, command := range root.Commands() {
		switch command.Name() {
		case "help":
			command.Run = nil
			command.RunE = help
		case "completion":
			onlyCommands(command)
			for _, shell := range command.Commands() {
				asUsage(shell)
			}
		}
	}
}

func help(cmd *cobra.Command, args []string) error {
	found, left, err := cmd.Root().Find(args)
	if err != nil {
		return usageError{err}
	}
	if len(left) > 0 {
		return noCommand(found, left[0])
	}
	found.InitDefaultHelpFlag()
	return found.Help()
}

// asUsage makes wrong arguments, and flags that exclude each other, end with the exit status for usage.
func asUsage(command *cobra.Command) {
	check := command.Args
	if check == nil {
		check = noArguments
	}
	command.Args = func(cmd *cobra.Command, args []string) error {
		// Cobra would look at the groups later, and at nothing but the flags, as here.
		if err := cmp.Or(check(cmd, args), cmd.ValidateFlagGroups()); err != nil {
			return usageError{err}
		}
		return nil
	}
}

// noArguments refuses arguments, and says of one that is probably a file where it goes.
func noArguments(cmd *cobra.Command, args []string) error {
	if file := cmd.Flags().Lookup("filename"); file != nil && !file.Changed && len(args) == 1 {
		return hint(fmt.Errorf("%s takes no argument: a file goes with -f", cmd.CommandPath()),
			cmd.CommandPath()+" -f "+plan.Word(args[0]))
	}
	return cobra.NoArgs(cmd, args)
}
