package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gpk/pkg/apply"
	"gpk/pkg/segments"
)

func (a *app) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "config",
		Short:   "Change or show server settings",
		Long:    `config set changes server settings on all instances. config show shows the coordinator's settings.`,
		Example: "  gpk config set statement_mem=250MB\n  gpk config show",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.configSetCommand(), a.configShowCommand())
	return cmd
}

func (a *app) configSetCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "set NAME=VALUE...",
		Short: "Change server settings on all instances",
		Long: `set first has the server check all values. It then writes them to the files of all instances, and has the instances
reload them. If a setting takes effect at a restart only, --restart restarts the database; without it the setting waits.
The value DEFAULT restores what gpk derives from the resources, or else Greenplum's own default.`,
		Example: "  gpk config set log_min_duration_statement=500 statement_mem=250MB\n  gpk config set max_connections=400 --restart\n" +
			"  gpk config set statement_mem=DEFAULT",
		Args: cobra.MinimumNArgs(1),
	}
	restart := cmd.Flags().Bool("restart", false, "restart the database if a setting needs it")
	var given []segments.Setting
	cmd.PreRunE = func(_ *cobra.Command, args []string) (err error) {
		given, err = parseSettings(args)
		return err
	}
	a.changes(cmd, func(ctx context.Context, on subject) error {
		o, err := apply.Config(on.target, on.made, given, *restart)
		return a.operate(ctx, on, o, err, sentences{done: "the settings are in the files of all instances",
			same: "no changes: all instances have these settings already"})
	})
	return cmd
}

// parseSettings reads NAME=VALUE, every fault at once.
func parseSettings(args []string) ([]segments.Setting, error) {
	var given []segments.Setting
	var faults []string
	for _, arg := range args {
		name, value, found := strings.Cut(arg, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		switch {
		case !found || name == "":
			faults = append(faults, fmt.Sprintf("%q is not NAME=VALUE", arg))
		case value == "":
			faults = append(faults, name+" has no value: DEFAULT restores its default")
		case slices.ContainsFunc(given, func(s segments.Setting) bool { return s.Name == name }):
			faults = append(faults, name+" is given twice")
		}
		given = append(given, segments.Setting{Name: name, Value: value})
	}
	if len(faults) > 0 {
		return nil, usage("%s", strings.Join(faults, "; "))
	}
	return given, nil
}

func (a *app) configShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "show [NAME...]",
		Short:   "Show the acting coordinator's settings",
		Long:    `show asks the acting coordinator for settings: those that gpk has set, or those that you name.`,
		Example: "  gpk config show\n  gpk config show work_mem max_connections",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			target, m, err := a.made(cmd.Context())
			if err != nil {
				return err
			}
			names, shown, err := apply.Settings(cmd.Context(), target, m, args)
			if err != nil {
				return err
			}
			return a.printSettings(names, shown)
		},
	}
}

func (a *printer) printSettings(names []string, shown []apply.ShownSetting) error {
	for _, name := range names {
		if !slices.ContainsFunc(shown, func(s apply.ShownSetting) bool { return strings.EqualFold(s.Name, name) }) {
			return fmt.Errorf("the server has no setting %s", name)
		}
	}
	var text table
	text.line("NAME\tVALUE\tCHANGE TAKES\tFROM")
	for _, s := range shown {
		takes := "reload"
		switch {
		case s.Fixed():
			takes = "-"
		case s.Pending:
			takes = "restart; another value waits for it"
		case s.Restart():
			takes = "restart"
		case s.Context == segments.Hidden:
			takes = "not reported by the server"
		}
		text.line("%s\t%s\t%s\t%s", s.Name, s.Value, takes, s.Why)
	}
	return a.print(shown, text.String())
}
