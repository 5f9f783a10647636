package main

import (
	"cmp"
	"context"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"gpk/pkg/apply"
	"gpk/pkg/plan"
)

// aim is what the commands have to name that a person is told to type, so that they lead to the cluster that this command is
// about, wherever the context's own namespace is.
type aim struct {
	// cluster is what the command is about. Empty: nothing, yet.
	cluster plan.Ref
	// asked are the flags of the command line that say which Kubernetes, namespace and cluster.
	asked map[string]string
	// standing are the namespace and the cluster of the environment and the user's own file, which hold for the next command.
	standing plan.Ref
	// several: the namespace has other clusters too.
	several bool
}

// toldCommand finds the commands for a cluster in a text, up to the last flag that is known here, since behind any of them there
// is room for more. Others, such as `gpk create` for another cluster, are none: they name their own.
var toldCommand = regexp.MustCompile("(?:^|[\\s`(])gpk (?:(?:create|diff|plan) -f " + word +
	"|(?:config (?:set|show)|delete|expand|failover|logs|psql|recover|resize|restart|start|status|stop|upgrade)\\b)" +
	"(?: (?:-f|--version|--image|--segments|--accept-data-loss) " + word +
	"| --(?:delete-data|force|full|restart|resume|rollback|scale-to-zero|update)\\b)*")

// word matches one of a shell's command line, as plan.Word writes them.
const word = `(?:'[^']*'|\\.|[^\s;,)'\\` + "`" + `]+)+`

// askedFlags are those of the command line by which it finds its cluster.
func askedFlags(cmd *cobra.Command) map[string]string {
	asked := map[string]string{}
	for _, name := range []string{"kubeconfig", "context", "namespace", "cluster"} {
		if flag := cmd.Flags().Lookup(name); flag != nil && flag.Changed {
			asked[name] = flag.Value.String()
		}
	}
	return asked
}

// aimed adds to the commands of a text what they need to lead to this cluster.
func (a *app) aimed(text string) string {
	if a.aim.cluster.Namespace == "" {
		return text
	}
	elsewhere := a.aim.cluster.Namespace != cmp.Or(a.aim.standing.Namespace, a.contextNamespace())
	return toldCommand.ReplaceAllStringFunc(text, func(command string) string {
		for _, name := range []string{"kubeconfig", "context"} {
			if given := a.aim.asked[name]; given != "" {
				command += " --" + name + " " + plan.Word(given)
			}
		}
		if elsewhere {
			command += " -n " + a.aim.cluster.Namespace
		}
		if !strings.Contains(command, " -f ") && a.nameNeeded(elsewhere) {
			command += " --cluster " + a.aim.cluster.Name
		}
		return command
	})
}

// nameNeeded says whether a command without a file has to name the cluster.
func (a *app) nameNeeded(elsewhere bool) bool {
	name, standing := a.aim.cluster.Name, a.aim.standing.Name
	return name != "" && name != standing && (standing != "" || elsewhere || a.aim.several || a.aim.asked["cluster"] != "")
}

// among finds out whether a namespace has several clusters, for a command that was told its cluster by a file. Who cannot know
// takes it that it has.
func (a *app) among(ctx context.Context, target *apply.Target) {
	names, err := apply.Clusters(ctx, target)
	a.aim.several = err != nil || len(names) > 1
}

// aimedError is an error of a command, with the commands in it aimed.
type aimedError struct {
	error
	app *app
}

// Error is what is shown.
func (e aimedError) Error() string { return e.app.aimed(e.error.Error()) }

// Unwrap gives the cause.
func (e aimedError) Unwrap() error { return e.error }
