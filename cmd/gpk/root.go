package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/fatih/color"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/spf13/viper"
	"golang.org/x/term"

	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

// streams are where gpk reads and writes: data to out, progress and errors to err.
type streams struct {
	in  io.Reader
	out io.Writer
	err io.Writer
}

func terminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// finder finds the cluster that a command is about.
type finder struct {
	// settings are those of flags, environment and the user's own file.
	settings *viper.Viper
	*aim
	// unanswered is told why gpk waits for the API server.
	unanswered func(why string)
}

// printer shows people and machines what there is.
type printer struct {
	streams
	*finder
	// current is the progress of the operation that runs.
	current atomic.Pointer[progress]
}

// app has the commands.
type app struct{ *printer }

func newApp(io streams) *app {
	find := &finder{settings: viper.New(), aim: &aim{}}
	find.here = find.contextNamespace
	show := &printer{streams: io, finder: find}
	find.unanswered = show.unanswered
	return &app{show}
}

func newRoot(io streams) (*cobra.Command, *app) {
	a := newApp(io)
	// The library knows one switch for all streams, so colour is for two terminals only.
	color.NoColor = !terminal(io.err) || !terminal(io.out) || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb"
	root := &cobra.Command{
		Use:   "gpk",
		Short: "Greenplum on Kubernetes, without a controller",
		Long: `gpk makes and runs Greenplum clusters on Kubernetes. It reads cluster.yaml, computes which segment lives in which
pod, applies the manifests in order, runs Greenplum's own utilities in the pods, and waits until the database is ready.

Every command can be run again: it does what is left to do.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			ctx, err := a.readSettings(cmd)
			cmd.SetContext(ctx)
			return err
		},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	// The library prints the version for this flag, whatever else is on the command line.
	root.Version = ownVersion().String()
	root.SetVersionTemplate("{{.Version}}\n")
	root.Flags().Bool("version", false, "show gpk's own version")
	flags := root.PersistentFlags()
	flags.String("kubeconfig", "", "path of the kubeconfig (default: $KUBECONFIG, ~/.kube/config, or the pod's own account)")
	flags.String("context", "", "context of the kubeconfig")
	flags.StringP("namespace", "n", "", "namespace (default: the one in cluster.yaml, or of the context)")
	flags.String("cluster", "", "name of the cluster (default: the only one in the namespace)")
	flags.Duration("timeout", 30*time.Minute, "stop waiting after this long, with exit status 4; 0 for no limit")
	flags.StringP("output", "o", "", "json for machines")
	flags.BoolP("yes", "y", false, "answer yes to gpk's questions")
	flags.BoolP("quiet", "q", false, "print errors only, no progress")
	flags.BoolP("verbose", "v", false, "show the output of the utilities")
	flags.Bool("audit", false, "run each program in a pod by an exec of its own, so that the API server's audit log names it")
	root.AddCommand(a.createCommand(), a.checkCommand(), a.planCommand(), a.diffCommand(), a.statusCommand(), a.logsCommand(),
		a.certsCommand(), a.deleteCommand(), a.psqlCommand(), a.initCommand(), a.schemaCommand(), a.versionCommand(),
		a.stopCommand(), a.startCommand(), a.restartCommand(), a.failoverCommand(), a.recoverCommand(),
		a.expandCommand(), a.upgradeCommand(), a.convertCommand(), a.configCommand(), a.resizeCommand(), a.rbacCommand(),
		a.backupCommand(), a.restoreCommand())
	a.prepare(root)
	a.complete(root)
	onlyCommands(root)
	cobrasCommands(root)
	return root, a
}

// prepare has the commands below one refuse wrong arguments, and say of their errors what a person can do about them.
func (a *app) prepare(parent *cobra.Command) {
	for _, command := range parent.Commands() {
		asUsage(command)
		run := command.RunE
		command.RunE = func(cmd *cobra.Command, args []string) error { return a.explain(ended(cmd.Context(), run(cmd, args))) }
		a.prepare(command)
	}
}

// excludes has each of the other flags exclude the one, which does not heed them.
func excludes(cmd *cobra.Command, one string, others ...string) {
	for _, other := range others {
		cmd.MarkFlagsMutuallyExclusive(one, other)
	}
}

// readSettings reads flags, GPK_* and the user's own file, in this order of rank. It never reads cluster.yaml: viper folds
// the case of keys. The context that it returns ends at --timeout.
func (a *app) readSettings(cmd *cobra.Command) (context.Context, error) {
	ctx := cmd.Context()
	a.settings.SetEnvPrefix("GPK")
	a.settings.SetEnvKeyReplacer(strings.NewReplacer("-", "_"))
	a.settings.AutomaticEnv()
	if folder, err := os.UserConfigDir(); err == nil {
		a.settings.SetConfigFile(filepath.Join(folder, "gpk", "config.yaml"))
		if err := a.settings.ReadInConfig(); err != nil && !os.IsNotExist(err) {
			return ctx, usage("your own settings: %w", err)
		}
		if err := a.knownSettings(cmd.Root().PersistentFlags()); err != nil {
			return ctx, err
		}
	}
	a.asked = map[string]string{}
	cmd.Flags().Visit(func(flag *pflag.Flag) { a.asked[flag.Name] = flag.Value.String() })
	a.standing = plan.Ref{Namespace: a.settings.GetString("namespace"), Name: a.settings.GetString("cluster")}
	if err := a.settings.BindPFlags(cmd.Flags()); err != nil {
		return ctx, err
	}
	if err := a.checkSettings(cmd); err != nil {
		return ctx, err
	}
	timeout := a.settings.GetDuration("timeout")
	if timeout < 0 {
		return ctx, usage("--timeout %s: give a duration such as 90s or 1h, or 0 for no limit", timeout)
	}
	if timeout == 0 || cmd.Annotations[endless] != "" && !a.settings.IsSet("timeout") {
		return ctx, nil
	}
	late := fmt.Errorf("not finished within --timeout %s: %w", timeout, context.DeadlineExceeded)
	limited, stop := context.WithTimeoutCause(ctx, timeout, late)
	context.AfterFunc(ctx, stop)
	return limited, nil
}

// knownSettings refuses names in the user's own file that nothing reads.
func (a *app) knownSettings(flags *pflag.FlagSet) error {
	known := []string{"image"}
	flags.VisitAll(func(flag *pflag.Flag) { known = append(known, flag.Name) })
	var unknown []string
	for _, name := range slices.Sorted(slices.Values(a.settings.AllKeys())) {
		if slices.Contains(known, name) || !a.settings.InConfig(name) {
			continue
		}
		meant := "known are " + strings.Join(known, ", ")
		if near := topology.Nearest(name, known); near != "" {
			meant = "did you mean " + near + "?"
		}
		unknown = append(unknown, fmt.Sprintf("there is no %q: %s", name, meant))
	}
	if len(unknown) == 0 {
		return nil
	}
	return hint(usage("your own settings: %s", strings.Join(unknown, "; ")), "fix "+a.settings.ConfigFileUsed()+"; nothing was changed")
}

// endless is the annotation of commands that a person ends, and no time limit unless one is given.
const endless = "gpk/endless"

// yamlToo is the annotation of commands that print YAML anyway, so that -o yaml is no fault.
const yamlToo = "gpk/yaml"

// checkSettings refuses what viper would silently take for nothing: a GPK_TIMEOUT or GPK_QUIET that is no duration or no
// boolean.
func (a *app) checkSettings(cmd *cobra.Command) (err error) {
	cmd.InheritedFlags().VisitAll(func(flag *pflag.Flag) {
		value := a.settings.GetString(flag.Name)
		if flag.Changed || err != nil || !a.settings.IsSet(flag.Name) {
			return
		}
		if wrong := flag.Value.Set(value); wrong != nil {
			err = usage("%q for %s, from GPK_%s or your own settings: %w", value, flag.Name,
				strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_")), wrong)
		}
	})
	format := a.settings.GetString("output")
	switch {
	case err != nil:
		return err
	case format == "yaml" && cmd.Annotations[yamlToo] != "":
	case format != "" && format != "json":
		return usage("-o %s: json is the only other format", format)
	}
	return a.checkLoudness(cmd)
}

// checkLoudness refuses --quiet with --verbose, unless one of them has been said where it outranks the other.
func (a *app) checkLoudness(cmd *cobra.Command) error {
	if !a.settings.GetBool("quiet") || !a.settings.GetBool("verbose") {
		return nil
	}
	switch quiet, verbose := rank(cmd, "quiet"), rank(cmd, "verbose"); {
	case quiet > verbose:
		a.settings.Set("verbose", false)
	case verbose > quiet:
		a.settings.Set("quiet", false)
	default:
		return usage("--quiet and --verbose: give only one of them")
	}
	return nil
}

// rank is that of where a setting is given: a flag's above the variable's, and that above the user's own file's.
func rank(cmd *cobra.Command, name string) int {
	switch {
	case cmd.Flags().Changed(name):
		return 2
	case os.Getenv("GPK_"+strings.ToUpper(name)) != "":
		return 1
	}
	return 0
}
