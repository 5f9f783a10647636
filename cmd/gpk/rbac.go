package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"gpk/pkg/apply/rights"
	"gpk/pkg/topology"
)

func (a *app) rbacCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rbac",
		Short: "Print the Roles that commands need",
		Long: `rbac prints Kubernetes Roles with the rights that gpk's commands need for one cluster, and no more. A rule names its objects
wherever Kubernetes allows that. Without --for there are three Roles: look, operate and administer. rbac changes nothing. With -f it
needs no API server.

Most of these rights amount to the database and its data: see docs/rights.md.`,
		Example: "  gpk rbac -f cluster.yaml --account ci/deployer | kubectl apply -f -\n  gpk rbac --for failover --for 'config set'\n" +
			"  gpk rbac --for expand --segments 8",
		Annotations: map[string]string{yamlToo: "yes"},
	}
	var file, account string
	var commands []string
	var options rights.Options
	fileFlag(cmd, &file)
	flags := cmd.Flags()
	flags.StringArrayVar(&commands, "for", nil, "a command such as failover or 'config set', or look, operate or administer; can be repeated")
	flags.StringVar(&account, "account", "", "also print a RoleBinding to this ServiceAccount, NAME or NAMESPACE/NAME")
	flags.Int32Var(&options.Segments, "segments", 0, "name also the pods and volumes of the cluster with this many segments (for expand)")
	flags.BoolVar(&options.Optional, "optional", false, "also the rights of the namespace without which all commands work")
	_ = cmd.RegisterFlagCompletionFunc("for", cobra.FixedCompletions(rights.Names(), cobra.ShellCompDirectiveNoFileComp))
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if options.Segments < 0 {
			return usage("--segments %d: give the number of segments that the cluster may get", options.Segments)
		}
		c, err := a.grantedFor(cmd.Context(), file)
		if err != nil {
			return err
		}
		roles, err := rights.Roles(c, commands, options)
		if unknown, ok := errors.AsType[*rights.UnknownError](err); ok {
			return hint(usage("--for %q: no such command", unknown.Name), "give one of: "+strings.Join(rights.Names(), ", "))
		}
		if err != nil {
			return usageError{err}
		}
		var objects []any
		for _, role := range roles {
			objects = append(objects, role)
			if account != "" {
				objects = append(objects, rights.Binding(role, account))
			}
		}
		return a.printObjects(objects)
	}
	return cmd
}

// grantedFor is the cluster of a file or, without one, a cluster that exists, with the pods of an unfinished expansion.
func (a *finder) grantedFor(ctx context.Context, file string) (*topology.Cluster, error) {
	if file != "" {
		return a.load(file)
	}
	_, made, err := a.made(ctx)
	if err != nil {
		return nil, err
	}
	return made.Largest()
}

// printObjects prints objects so that kubectl can apply them: as documents of YAML, or as a List in JSON.
func (a *printer) printObjects(objects []any) error {
	var text strings.Builder
	for i, object := range objects {
		document, err := yaml.Marshal(object)
		if err != nil {
			return err
		}
		if i > 0 {
			text.WriteString("---\n")
		}
		text.Write(document)
	}
	return a.print(list{"v1", "List", objects}, text.String())
}

// list is Kubernetes' list of objects of any kinds.
type list struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Items      []any  `json:"items"`
}
