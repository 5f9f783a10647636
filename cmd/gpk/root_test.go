package main

import (
	"os"
	"path/filepath"
	"testing"

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
