// Package utility holds what every utility starts with: its environment, its
// release, its log and its shell.
package utility

import (
	"fmt"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/release"
	"gpk/test/standin/internal/shell"
)

// Environment is what a utility is started with.
type Environment struct {
	Name   string   // the utility's, such as gpstart
	Args   []string // without the name
	Home   string   // GPHOME
	User   string
	Stdout io.Writer
	Stderr io.Writer
}

// NewEnvironment reads the process's own. GPHOME is taken from where the binary
// was called from if it is not set.
func NewEnvironment(path string, args []string) (Environment, error) {
	home := os.Getenv("GPHOME")
	if home == "" {
		home = "/usr/local/greenplum-db"
		if self, err := os.Executable(); err == nil && filepath.Base(filepath.Dir(self)) == "bin" {
			home = filepath.Dir(filepath.Dir(self))
		}
	}
	u, err := user.Current()
	if err != nil {
		return Environment{}, fmt.Errorf("the user of this process has no name: %w", err)
	}
	return Environment{
		Name: filepath.Base(path), Args: args, Home: home, User: u.Username, Stdout: os.Stdout, Stderr: os.Stderr,
	}, nil
}

// Say prints to standard output. Nobody can be told when that fails.
func (e Environment) Say(format string, args ...any) { _, _ = fmt.Fprintf(e.Stdout, format, args...) }

// Complain prints to standard error.
func (e Environment) Complain(format string, args ...any) {
	_, _ = fmt.Fprintf(e.Stderr, format, args...)
}

// Utility is an environment with its release, log and shell.
type Utility struct {
	Environment
	Release release.Release
	Log     *console.Log
	Shell   shell.Shell
}

// Begin is how every utility begins, once its command line has been read: misused is what is wrong with that. Where nothing
// begins, it has told why and gives the exit status.
func (e Environment) Begin(misused error, dir string, quiet bool) (*Utility, int) {
	if misused != nil {
		return nil, e.Misused(misused)
	}
	u, err := e.Start(dir, quiet)
	if err != nil {
		e.Complain("%v\n", err)
		return nil, 2
	}
	return u, 0
}

// Start opens a utility's log. Its files are in dir, or in ~/gpAdminLogs.
func (e Environment) Start(dir string, quiet bool) (*Utility, error) {
	r, err := release.Load(e.Home)
	if err != nil {
		return nil, err
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return nil, fmt.Errorf("no place for log files: %w", err)
	}
	l := console.Open(console.Options{
		Utility: e.Name, User: e.User, Dir: dir, Home: home, Quiet: quiet, Screen: e.Stdout, Now: time.Now,
	})
	return &Utility{Environment: e, Release: r, Log: l, Shell: shell.Shell{Log: l}}, nil
}

// Remote leads a command line that runs on another host with the environment
// the utilities need there: over ssh nothing else is set. The original takes
// what the script prints for a part of the answer. An image whose script greets
// would not work then, and this one is to work.
func (e Environment) Remote(command string) string {
	return fmt.Sprintf("GPHOME=%s; export GPHOME; . %s/%s >/dev/null; %s", e.Home, e.Home, release.Script(e.Home), command)
}

// CoordinatorDirectory is the coordinator's data directory: the flag's value, or
// else the environment's.
func CoordinatorDirectory(flag string) (string, error) {
	for _, dir := range []string{flag, os.Getenv("COORDINATOR_DATA_DIRECTORY"), os.Getenv("MASTER_DATA_DIRECTORY")} {
		if dir != "" {
			return filepath.Clean(dir), nil
		}
	}
	return "", console.Says("Environment Variable COORDINATOR_DATA_DIRECTORY not set!")
}

// Port is the port a utility connects to when no data directory tells: PGPORT.
func Port() int {
	if port, err := strconv.Atoi(os.Getenv("PGPORT")); err == nil {
		return port
	}
	return 5432
}

// Line is the arguments as the utilities log them.
func (e Environment) Line() string { return strings.Join(e.Args, " ") }
