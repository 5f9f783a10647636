package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"gpk/pkg/plan"
)

// completionPatience is how long a shell waits for names from the API server.
const completionPatience = 3 * time.Second

// complete teaches a shell the values of flags. `gpk completion` prints the scripts.
func (a *app) complete(root *cobra.Command) {
	// These fail for a flag that does not exist only.
	_ = root.RegisterFlagCompletionFunc("cluster", a.offering(a.clusterNames))
	_ = root.RegisterFlagCompletionFunc("context", a.offering(func(context.Context) ([]string, error) { return a.contexts() }))
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"json"}, cobra.ShellCompDirectiveNoFileComp))
}

// offering completes names, mostly of the API server. Cobra runs it without the command's own preparations. What fails completes
// nothing.
func (a *app) offering(names func(context.Context) ([]string, error)) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		ctx, err := a.readSettings(cmd)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		ctx, stop := context.WithTimeout(ctx, completionPatience)
		defer stop()
		found, err := names(ctx)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		return found, cobra.ShellCompDirectiveNoFileComp
	}
}

func (a *app) clusterNames(ctx context.Context) ([]string, error) {
	target, err := a.target(plan.Ref{Namespace: a.namespace()})
	if err != nil {
		return nil, err
	}
	return target.Clusters(ctx)
}

// podNames are the pods of the cluster that is named, or of the only one.
func (a *app) podNames(ctx context.Context) ([]string, error) {
	target, err := a.existing(ctx)
	if err != nil {
		return nil, err
	}
	return target.PodNames(ctx)
}
