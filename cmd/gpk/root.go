package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fatih/color"
	"github.com/spf13/cobra"
	"github.com/spf13/viper"
	"golang.org/x/term"
)

// streams are where gpk reads and writes: data to out, progress and errors to err.
type streams struct {
	in  io.Reader
	out io.Writer
	err io.Writer
}

// terminal says whether a stream is a terminal.
func terminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// app is what every command shares: the streams and the settings of flags, environment and the user's own file.
type app struct {
	streams
	settings *viper.Viper
}

// newRoot makes the command with all its subcommands.
func newRoot(io streams) *cobra.Command {
	a := &app{io, viper.New()}
	root := &cobra.Command{
		Use:   "gpk",
		Short: "Greenplum on Kubernetes, without a controller",
		Long: `gpk makes and runs Greenplum clusters on Kubernetes. It reads cluster.yaml, computes which segment lives in which
pod, applies the manifests in order, runs Greenplum's own utilities in the pods, and waits until the database is ready.

Every command can be run again: it does what is left to do.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			color.NoColor = !terminal(io.err) || os.Getenv("NO_COLOR") != ""
			ctx, err := a.readSettings(cmd)
			cmd.SetContext(ctx)
			return err
		},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	flags := root.PersistentFlags()
	flags.String("kubeconfig", "", "path of the kubeconfig (default: $KUBECONFIG, ~/.kube/config, or the pod's own account)")
	flags.String("context", "", "context of the kubeconfig")
	flags.StringP("namespace", "n", "", "namespace (default: that of cluster.yaml, or of the context)")
	flags.String("cluster", "", "name of the cluster (default: the only one of the namespace)")
	flags.Duration("timeout", 30*time.Minute, "give up after this long, with exit status 4; 0 for never")
	flags.StringP("output", "o", "", "json for machines")
	flags.BoolP("quiet", "q", false, "no progress, only errors")
	flags.BoolP("verbose", "v", false, "show what the utilities say")
	root.AddCommand(a.createCommand(), a.planCommand(), a.statusCommand(), a.deleteCommand(), a.psqlCommand(), a.versionCommand())
	for _, command := range root.Commands() {
		asUsage(command)
	}
	return root
}

// asUsage makes wrong arguments end with the exit status for usage.
func asUsage(command *cobra.Command) {
	check := command.Args
	if check == nil {
		check = cobra.NoArgs
	}
	command.Args = func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}

// readSettings reads flags, GPK_* and the user's own file, in this order of rank. It never reads cluster.yaml: viper folds
// the case of keys. The context that it returns ends at --timeout.
func (a *app) readSettings(cmd *cobra.Command) (context.Context, error) {
	ctx := cmd.Context()
	a.settings.SetEnvPrefix("GPK")
	a.settings.SetEnvKeyReplacer(strings.NewReplacer("-", "_"))
	a.settings.AutomaticEnv()
	if err := a.settings.BindPFlags(cmd.Flags()); err != nil {
		return ctx, err
	}
	if folder, err := os.UserConfigDir(); err == nil {
		a.settings.SetConfigFile(filepath.Join(folder, "gpk", "config.yaml"))
		if err := a.settings.ReadInConfig(); err != nil && !os.IsNotExist(err) {
			return ctx, usage("your own settings: %w", err)
		}
	}
	if format := a.settings.GetString("output"); format != "" && format != "json" {
		return ctx, usage("-o %s: json is the only other format", format)
	}
	if timeout := a.settings.GetDuration("timeout"); timeout > 0 {
		limited, stop := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("not done within --timeout %s: %w", timeout, context.DeadlineExceeded))
		context.AfterFunc(ctx, stop)
		return limited, nil
	}
	return ctx, nil
}

func (a *app) json() bool { return a.settings.GetString("output") == "json" }
