package main

import (
	"cmp"
	"context"
	"slices"

	"gpk/pkg/apply"
	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
)

// aim is what a command has to name that a person is told to type, so that it leads to the cluster that this command is
// about, wherever the context's own namespace is.
type aim struct {
	// cluster is what the command is about. Empty: nothing, yet.
	cluster plan.Ref
	// asked are the flags of the command line. Some say which Kubernetes, namespace and cluster.
	asked map[string]string
	// standing are the namespace and the cluster of the environment and the user's own file, which hold for the next command.
	standing plan.Ref
	// several: the namespace has other clusters too.
	several bool
	// here is the context's own namespace.
	here func() string
}

// aimed is a command with what it needs to lead to this cluster, as a person types it.
func (a *aim) aimed(command plan.Command) string {
	if a.cluster.Namespace == "" {
		return command.String()
	}
	var more []string
	for _, name := range []string{"kubeconfig", "context"} {
		if given := a.asked[name]; given != "" {
			more = append(more, "--"+name, given)
		}
	}
	elsewhere := a.cluster.Namespace != cmp.Or(a.standing.Namespace, a.here())
	if elsewhere {
		more = append(more, "-n", a.cluster.Namespace)
	}
	// A command with a file names its cluster by that.
	if !slices.Contains(command, "-f") && a.nameNeeded(elsewhere) {
		more = append(more, "--cluster", a.cluster.Name)
	}
	// What is behind -- belongs to another program.
	if end := slices.Index(command, "--"); end >= 0 {
		return append(command[:end:end].With(more...), command[end:]...).String()
	}
	return command.With(more...).String()
}

// shown is advice with its commands aimed.
func (a *aim) shown(advice engine.Advice) string { return advice.Show(a.aimed) }

// nameNeeded says whether a command without a file has to name the cluster.
func (a *aim) nameNeeded(elsewhere bool) bool {
	name, standing := a.cluster.Name, a.standing.Name
	return name != "" && name != standing && (standing != "" || elsewhere || a.several || a.asked["cluster"] != "")
}

// among finds out whether a namespace has several clusters, for a command that was told its cluster by a file. Without the right to
// know, it assumes so.
func (a *finder) among(ctx context.Context, target *apply.Target) {
	names, err := target.Clusters(ctx)
	a.several = err != nil || len(names) > 1
}
