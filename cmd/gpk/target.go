package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fatih/color"
	"github.com/spf13/cobra"
	"k8s.io/client-go/tools/clientcmd"

	"gpk/pkg/apply"
	"gpk/pkg/apply/engine"
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
// they say of the namespace is for the files that name none. Beside a topology.MovingTagError it gives the cluster as well.
func (a *finder) load(path string) (*topology.Cluster, error) {
	if path == "" {
		return nil, usage("which cluster? name its file with -f cluster.yaml")
	}
	c, err := topology.LoadFile(path, a.namespace())
	if moving, only := errors.AsType[*topology.MovingTagError](err); only {
		c = moving.Cluster
	}
	switch {
	case is[topology.Faults](err):
		err = hint(usage("%s:\n%w", shownPath(path), err), "fix the lines above; nothing was changed")
	case err != nil:
		err = usageError{err}
	}
	if c == nil {
		return nil, err
	}
	for _, one := range []struct{ flag, has string }{{"namespace", c.Metadata.Namespace}, {"cluster", c.Metadata.Name}} {
		if given := a.asked[one.flag]; given != "" && given != one.has {
			return nil, usage("%s names the %s %q, and the command line %q: leave one of them out", path, one.flag, one.has, given)
		}
	}
	return c, err
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
	if c == nil || image == "" {
		return c, err
	}
	c.Spec.Image = image
	if err := c.Validate(); err != nil {
		return c, usage("--image: %w", err)
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
func (a *printer) clusterOf(ctx context.Context, path string) (*topology.Cluster, *apply.Target, error) {
	c, fault := a.loadWithImage(path)
	if fault != nil && !is[*topology.MovingTagError](fault) {
		return nil, nil, fault
	}
	target, err := a.target(plan.Ref{Namespace: c.Metadata.Namespace, Name: c.Metadata.Name})
	if err != nil || fault == nil {
		return c, target, err
	}
	made, err := target.MadeFrom(ctx)
	if err == nil {
		err = a.tolerate(fault, c, made)
	}
	return c, target, err
}

// tolerate warns of the moving tag of an image if the cluster was made with it, and is the fault otherwise.
func (a *printer) tolerate(fault error, c, made *topology.Cluster) error {
	if fault == nil || made == nil || made.ImageRef() != c.ImageRef() {
		return fault
	}
	_, err := fmt.Fprintf(a.err, "%s spec.image: %s: pods that are made later may get another release: %s\n",
		color.New(color.FgYellow, color.Bold).Sprint("warning:"), c.Spec.Image,
		a.shown(engine.Next("give it a tag that stays, or a digest: ", plan.Gpk("upgrade", "--version", c.Spec.Version, "--image", "IMAGE"))))
	return err
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
