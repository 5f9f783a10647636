// Package shell runs commands on this host and, over plain ssh, on others. ssh
// takes all of its options from the user's own configuration.
package shell

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// Noter takes what ran and what it said, for a log file.
type Noter interface {
	Note(level, format string, args ...any)
}

// Shell runs commands, noting each.
type Shell struct {
	Log Noter
}

// Error is a command that ended badly.
type Error struct {
	Host   string // empty for this host
	Status int    // exit status, 255 when ssh itself failed, -1 when nothing ran
	Stderr string
}

func (e *Error) Error() string {
	where := ""
	if e.Host != "" {
		where = " on " + e.Host
	}
	return fmt.Sprintf("command%s ended with status %d: %s", where, e.Status, strings.TrimSpace(e.Stderr))
}

// Status is the exit status in an error of this package: 0 for nil, -1 for
// anything else.
func Status(err error) int {
	if err == nil {
		return 0
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Status
	}
	return -1
}

// Local runs a command line by bash and gives its standard output.
func (s Shell) Local(ctx context.Context, command string) (string, error) {
	return s.run(ctx, "", command, exec.CommandContext(ctx, "bash", "-c", command))
}

// Remote runs a command line on a host and gives its standard output.
func (s Shell) Remote(ctx context.Context, host, command string) (string, error) {
	return s.run(ctx, host, command, exec.CommandContext(ctx, "ssh", host, command))
}

// Ping sends one packet to a host.
func (s Shell) Ping(ctx context.Context, host string) error {
	_, err := s.run(ctx, "", "ping "+host, exec.CommandContext(ctx, "ping", host, "-c", "1"))
	return err
}

func (s Shell) run(_ context.Context, host, command string, cmd *exec.Cmd) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Env = os.Environ()
	err := cmd.Run()
	if s.Log != nil {
		s.Log.Note("DEBUG", "[%s] %s: %v %s%s", host, command, err, stdout.String(), stderr.String())
	}
	if err == nil {
		return stdout.String(), nil
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return stdout.String(), &Error{Host: host, Status: exit.ExitCode(), Stderr: stderr.String()}
	}
	return stdout.String(), &Error{Host: host, Status: -1, Stderr: err.Error()}
}

// Quote makes one word of bash of any text.
func Quote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
