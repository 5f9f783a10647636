package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

// Of --quiet and --verbose the one counts that was said where it outranks the other.
func TestLoudness(t *testing.T) {
	for name, test := range map[string]struct {
		file, variable, flag string
		quiet, verbose, both bool
	}{
		"flag over variable": {variable: "GPK_QUIET", flag: "--verbose", verbose: true},
		"and the other way":  {variable: "GPK_VERBOSE", flag: "--quiet", quiet: true},
		"flag over file":     {file: "quiet: true", flag: "--verbose", verbose: true},
		"variable over file": {file: "verbose: true", variable: "GPK_QUIET", quiet: true},
		"no flag at all":     {variable: "GPK_QUIET", quiet: true},
		"a flag taken back":  {variable: "GPK_QUIET", flag: "--quiet=false"},
		"both of one rank":   {file: "{quiet: true, verbose: true}", both: true},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			t.Setenv("HOME", folder)
			t.Setenv("XDG_CONFIG_HOME", folder)
			for _, variable := range []string{"GPK_QUIET", "GPK_VERBOSE"} {
				t.Setenv(variable, "")
			}
			if test.variable != "" {
				t.Setenv(test.variable, "1")
			}
			if err := os.MkdirAll(filepath.Join(folder, "gpk"), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, "gpk", "config.yaml"), []byte(test.file), 0o600); err != nil {
				t.Fatal(err)
			}
			a := newApp(streams{})
			root := &cobra.Command{Use: "gpk"}
			root.PersistentFlags().Bool("quiet", false, "")
			root.PersistentFlags().Bool("verbose", false, "")
			child := &cobra.Command{Use: "child", RunE: func(cmd *cobra.Command, _ []string) error {
				_, err := a.readSettings(cmd)
				return err
			}}
			root.AddCommand(child)
			root.SilenceErrors, root.SilenceUsage = true, true
			root.SetArgs([]string{"child"})
			if test.flag != "" {
				root.SetArgs([]string{"child", test.flag})
			}
			err := root.Execute()
			if (err != nil) != test.both {
				t.Fatalf("error %v", err)
			}
			if quiet, verbose := a.settings.GetBool("quiet"), a.settings.GetBool("verbose"); err == nil && (quiet != test.quiet || verbose != test.verbose) {
				t.Errorf("quiet %t, verbose %t", quiet, verbose)
			}
		})
	}
}

// A flag wins over GPK_*, that over the user's own file, and that over the default.
func TestSettingsPrecedence(t *testing.T) {
	for name, test := range map[string]struct {
		file, variable, flag, want string
	}{
		"namespace":  {"file", "variable", "flag", ""},
		"cluster":    {"file", "variable", "flag", ""},
		"context":    {"file", "variable", "flag", ""},
		"kubeconfig": {"file", "variable", "flag", ""},
		"timeout":    {"1h", "2h", "3h", "30m0s"},
		"yes":        {"true", "false", "true", "false"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			t.Setenv("XDG_CONFIG_HOME", folder)
			variable := "GPK_" + strings.ToUpper(name)
			t.Setenv(variable, "")
			read := func(args ...string) string {
				t.Helper()
				root, a := newRoot(streams{out: io.Discard, err: io.Discard})
				root.SetArgs(append([]string{"version"}, args...))
				root.SetOut(io.Discard)
				if err := root.ExecuteContext(t.Context()); err != nil {
					t.Fatal(err)
				}
				if name == "timeout" {
					return a.settings.GetDuration(name).String()
				}
				return a.settings.GetString(name)
			}
			if got := read(); got != test.want {
				t.Errorf("by default it is %q", got)
			}
			if err := os.MkdirAll(filepath.Join(folder, "gpk"), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, "gpk", "config.yaml"), []byte(name+": "+test.file), 0o600); err != nil {
				t.Fatal(err)
			}
			shown := func(value string) string {
				if d, err := time.ParseDuration(value); err == nil {
					return d.String()
				}
				return value
			}
			if got := read(); got != shown(test.file) {
				t.Errorf("by the file it is %q", got)
			}
			t.Setenv(variable, test.variable)
			if got := read(); got != shown(test.variable) {
				t.Errorf("by the variable it is %q", got)
			}
			if got := read("--" + name + "=" + test.flag); got != shown(test.flag) {
				t.Errorf("by the flag it is %q", got)
			}
		})
	}
}

// A time limit holds for what ends by itself, and for psql and the like only if somebody gives one.
func TestTimeLimits(t *testing.T) {
	for name, test := range map[string]struct {
		variable string
		args     []string
		endless  bool
		want     time.Duration
	}{
		"the default":                  {want: 30 * time.Minute},
		"a flag":                       {args: []string{"--timeout", "5m"}, want: 5 * time.Minute},
		"none":                         {args: []string{"--timeout", "0"}},
		"what a person ends":           {endless: true},
		"and a flag":                   {endless: true, args: []string{"--timeout", "5m"}, want: 5 * time.Minute},
		"and a variable":               {endless: true, variable: "7m", want: 7 * time.Minute},
		"a flag wins over a variable":  {variable: "7m", args: []string{"--timeout", "5m"}, want: 5 * time.Minute},
		"and one without a time limit": {variable: "7m", args: []string{"--timeout", "0"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("XDG_CONFIG_HOME", t.TempDir())
			t.Setenv("GPK_TIMEOUT", test.variable)
			root, a := newRoot(streams{out: io.Discard, err: io.Discard})
			child := &cobra.Command{Use: "child", RunE: func(cmd *cobra.Command, _ []string) error {
				deadline, limited := cmd.Context().Deadline()
				if left := time.Until(deadline).Round(time.Minute); limited != (test.want > 0) || limited && left != test.want {
					t.Errorf("limited: %t, to %s, and not to %s", limited, left, test.want)
				}
				return nil
			}}
			if test.endless {
				child.Annotations = map[string]string{endless: "yes"}
			}
			root.AddCommand(child)
			root.SetArgs(append([]string{"child"}, test.args...))
			if code := a.report(root.ExecuteContext(t.Context())); code != 0 {
				t.Errorf("exit status %d", code)
			}
		})
	}
}
