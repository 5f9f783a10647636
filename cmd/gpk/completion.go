package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"gpk/pkg/plan"
)

// completionPatience is how long a shell waits for names from the API server.
const completionPatience = 3 * time.Second

// completer teaches a shell the values of flags.
type completer struct{ *app }

// register teaches a shell the values of flags. `gpk completion` prints the scripts.
func (a *completer) register(root *cobra.Command) {
	names := map[string]cobra.CompletionFunc{
		"cluster": a.clusterNames,
		"context": a.contextNames,
		"output":  cobra.FixedCompletions([]string{"json"}, cobra.ShellCompDirectiveNoFileComp),
	}
	for flag, complete := range names {
		// It fails for a flag that does not exist only.
		_ = root.RegisterFlagCompletionFunc(flag, complete)
	}
	for _, command := range root.Commands() {
		if command.Flags().Lookup("filename") != nil {
			_ = command.MarkFlagFilename("filename", "yaml", "yml")
		}
		if command.Flags().Lookup("manifests") != nil {
			_ = command.MarkFlagDirname("manifests")
		}
	}
}

// ask connects to the API server for a completion, which cobra runs without the command's own preparations. What fails
// completes nothing.
func (a *completer) ask(cmd *cobra.Command, names func(context.Context) ([]string, error)) ([]string, cobra.ShellCompDirective) {
	ctx, err := a.readSettings(cmd)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	ctx, stop := context.WithTimeout(ctx, completionPatience)
	defer stop()
	return completions(names(ctx))
}

// completions are names for a shell, or that there are none.
func completions(names []string, err error) ([]string, cobra.ShellCompDirective) {
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func (a *completer) clusterNames(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return a.ask(cmd, func(ctx context.Context) ([]string, error) {
		target, err := a.target(plan.Ref{Namespace: a.namespace()})
		if err != nil {
			return nil, err
		}
		return target.Clusters(ctx)
	})
}

func (a *completer) contextNames(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	if _, err := a.readSettings(cmd); err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return completions(a.contexts())
}

// podNames completes the pods of the cluster that is named, or of the only one.
func (a *completer) podNames(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return a.ask(cmd, func(ctx context.Context) ([]string, error) {
		target, err := a.existing(ctx)
		if err != nil {
			return nil, err
		}
		return target.PodNames(ctx)
	})
}
