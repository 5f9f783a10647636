package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/client-go/tools/clientcmd"

	"gpk/pkg/apply"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

// kubeconfig is the client configuration and the context's namespace.
func (a *finder) kubeconfig() clientcmd.ClientConfig {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = a.settings.GetString("kubeconfig")
	overrides := &clientcmd.ConfigOverrides{CurrentContext: a.settings.GetString("context")}
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides)
}

// namespace is that of the command line, or else of the context.
func (a *finder) namespace() string {
	return cmp.Or(a.settings.GetString("namespace"), a.contextNamespace())
}

func (a *finder) contextNamespace() string {
	// Without a kubeconfig there is no context, and what needs an API server says so by itself.
	if namespace, _, err := a.kubeconfig().Namespace(); err == nil {
		return namespace
	}
	return "default"
}

// load reads cluster.yaml, with which the command line may not disagree. The environment and the user's own file may: what
// they say of the namespace is for the files that name none.
func (a *finder) load(path string) (*topology.Cluster, error) {
	if path == "" {
		return nil, usage("which cluster? name its file with -f cluster.yaml")
	}
	c, err := topology.LoadFile(path, a.namespace())
	if err != nil {
		if is[topology.Faults](err) {
			return nil, hint(usage("%s:\n%w", shownPath(path), err), "fix the lines above; nothing was changed")
		}
		return nil, usageError{err}
	}
	for _, one := range []struct{ flag, has string }{{"namespace", c.Metadata.Namespace}, {"cluster", c.Metadata.Name}} {
		if given := a.asked[one.flag]; given != "" && given != one.has {
			return nil, usage("%s names the %s %q, and the command line %q: leave one of them out", path, one.flag, one.has, given)
		}
	}
	return c, nil
}

func shownPath(path string) string {
	if path == "-" {
		return "standard input"
	}
	return path
}

// loadWithImage is load for commands that make the cluster of the file: --image and GPK_IMAGE win over the file.
func (a *finder) loadWithImage(path string) (*topology.Cluster, error) {
	c, err := a.load(path)
	image := a.settings.GetString("image")
	if err != nil || image == "" {
		return c, err
	}
	c.Spec.Image = image
	if err := c.Validate(); err != nil {
		return nil, usage("--image: %w", err)
	}
	return c, nil
}

// fileFlag is the flag of commands that read a cluster.yaml, and has a shell complete such files.
func fileFlag(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVarP(file, "filename", "f", "", "cluster.yaml, or - for standard input")
	_ = cmd.MarkFlagFilename("filename", "yaml", "yml")
}

func imageFlag(cmd *cobra.Command) {
	cmd.Flags().String("image", "", "image to use instead of the file's")
}

// clusterOf is the cluster of a file, there or not.
func (a *finder) clusterOf(path string) (*topology.Cluster, *apply.Target, error) {
	c, err := a.loadWithImage(path)
	if err != nil {
		return nil, nil, err
	}
	target, err := a.target(plan.Ref{Namespace: c.Metadata.Namespace, Name: c.Metadata.Name})
	return c, target, err
}

func (a *finder) target(ref plan.Ref) (*apply.Target, error) {
	a.cluster = ref
	config, err := a.kubeconfig().ClientConfig()
	if err != nil {
		return nil, a.explainKubeconfig(err)
	}
	target, err := apply.NewTarget(config, ref)
	if err == nil {
		target.OnWait(a.unanswered)
		if a.settings.GetBool("audit") {
			target.Audited()
		}
	}
	return target, err
}

// existing is the target of a cluster that was made before: the one that is named, or the only one of the namespace.
func (a *finder) existing(ctx context.Context) (*apply.Target, error) {
	ref := plan.Ref{Namespace: a.namespace(), Name: a.settings.GetString("cluster")}
	target, err := a.target(ref)
	if err != nil {
		return nil, err
	}
	names, err := target.Clusters(ctx)
	if err != nil {
		return nil, err
	}
	a.several = len(names) > 1
	switch {
	case ref.Name == "" && len(names) == 1:
		return a.target(plan.Ref{Namespace: ref.Namespace, Name: names[0]})
	case len(names) == 0:
		return nil, hint(fmt.Errorf("there is no cluster in the namespace %q", ref.Namespace),
			"name another one with -n, or make one with `gpk create -f cluster.yaml`")
	case ref.Name == "":
		return nil, usage("the namespace %q has several clusters: name one with --cluster: %s", ref.Namespace, strings.Join(names, ", "))
	case slices.Contains(names, ref.Name):
		return target, nil
	}
	return nil, hint(fmt.Errorf("there is no cluster %q in the namespace %q", ref.Name, ref.Namespace),
		"name one of: "+strings.Join(names, ", "))
}
