// Package gpinitsystem makes a cluster from an input file: the coordinator, the
// primaries, their mirrors and, if asked, the standby.
package gpinitsystem

import (
	"errors"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/utility"
)

// options are the command line.
type options struct {
	input       string
	additions   string
	logDir      string
	standby     string
	standbyDir  string
	standbyPort string
	locale      string
	lc          map[string]*string
	maxConnect  int
	buffers     string
	password    string
	batch       int
	assumeYes   bool
	quiet       bool
	version     bool
}

const usage = "gpinitsystem -I input_configuration_file [-a] [-q] [-l logdir] [-p conf_additions] " +
	"[-s standby_host [-P standby_port] [-S standby_datadir]] [-n locale] [-m max_connections] [-b shared_buffers] " +
	"[-e password] [-B batch]"

// categories are the parts of a locale in the order of initdb's options.
func categories() []string {
	return []string{"lc-collate", "lc-ctype", "lc-messages", "lc-monetary", "lc-numeric", "lc-time"}
}

func parseOptions(args []string) (options, error) {
	o := options{lc: map[string]*string{}}
	flags := pflag.NewFlagSet("gpinitsystem", pflag.ContinueOnError)
	flags.SetOutput(nopWriter{})
	flags.StringVarP(&o.input, "input", "I", "", "input file")
	flags.StringVarP(&o.additions, "additions", "p", "", "settings for every instance")
	flags.StringVarP(&o.logDir, "logdir", "l", "", "directory of the log file")
	flags.StringVarP(&o.standby, "standby", "s", "", "host of the standby")
	flags.StringVarP(&o.standbyDir, "standby-datadir", "S", "", "directory of the standby")
	flags.StringVarP(&o.standbyPort, "standby-port", "P", "", "port of the standby")
	flags.StringVarP(&o.locale, "locale", "n", "", "locale")
	flags.IntVarP(&o.maxConnect, "max_connections", "m", 0, "connections to the coordinator")
	flags.StringVarP(&o.buffers, "shared_buffers", "b", "128000kB", "shared buffers of an instance")
	flags.StringVarP(&o.password, "su_password", "e", "gparray", "password of the superuser")
	flags.IntVarP(&o.batch, "batch", "B", 60, "segments made at once")
	flags.BoolVarP(&o.assumeYes, "yes", "a", false, "do not ask")
	flags.BoolVarP(&o.quiet, "quiet", "q", false, "nothing to the screen")
	flags.BoolP("debug", "D", false, "log more")
	flags.BoolVarP(&o.version, "version", "v", false, "print the version")
	flags.Bool("ignore-warnings", false, "of Greenplum 6, nothing to do for 7")
	for _, c := range categories() {
		o.lc[c] = flags.String(c, "", "part of the locale")
	}
	return o, flags.Parse(args)
}

// misused prints the usage and gives the exit status: 0, as the original does, unless a long option lacks its value.
func misused(env utility.Environment, opt options, cause error) int {
	u, err := env.Start(opt.logDir, opt.quiet)
	if err != nil {
		env.Complain("%v\n", err)
		return 1
	}
	status := 0
	var unknown *pflag.NotExistError
	var bare *pflag.ValueRequiredError
	switch {
	case errors.As(cause, &unknown) && unknown.GetSpecifiedShortnames() == "":
		u.Log.Print(console.Error, "Unknown option --%s", unknown.GetSpecifiedName())
	case errors.As(cause, &bare) && bare.GetSpecifiedShortnames() == "":
		u.Log.Print(console.Fatal, "Missing value for option --%s", bare.GetSpecifiedName())
		status = 1
	}
	env.Say("\n      %s\n", usage)
	return status
}

type nopWriter struct{}

func (nopWriter) Write(p []byte) (int, error) { return len(p), nil }

// locales gives initdb's options for a locale: the flags, or else the
// environment, or else the one locale for all.
func (o *options) locales() []string {
	var out []string
	for _, c := range categories() {
		variable := strings.ToUpper(strings.ReplaceAll(c, "-", "_"))
		for _, value := range []string{*o.lc[c], os.Getenv(variable), o.locale, os.Getenv("LC_ALL")} {
			if value != "" {
				out = append(out, "--"+c+"="+value)
				break
			}
		}
	}
	return out
}
