package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
	"k8s.io/client-go/tools/remotecommand"

	"gpk/pkg/apply"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

func (a *app) psqlCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:         "psql [-d DATABASE] [-- PSQL-ARGUMENTS]",
		Short:       "Run psql on the acting coordinator, as the administrator",
		Example:     "  gpk psql\n  gpk psql -d analytics -- -c 'select version()'\n  gpk psql <script.sql",
		Args:        behindDashes,
		Annotations: map[string]string{endless: "yes"},
	}
	database := cmd.Flags().StringP("dbname", "d", "postgres", "database to connect to")
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return psqlUsage(err, "-c", "select version()") })
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		target, err := a.existing(cmd.Context())
		if err != nil {
			return err
		}
		acting, err := target.Acting(cmd.Context())
		if err != nil {
			return err
		}
		name := segments.PsqlName()
		err = a.interactive(cmd.Context(), target, acting.Pod, segments.UserPsql(*database, name, args...))
		switch exit, exited := errors.AsType[*remote.Error](err); {
		case exited:
			// psql has said what was wrong.
			return statusError(exit.Status)
		case err != nil && cmd.Context().Err() != nil:
			return endPsql(cmd.Context(), target, acting.Pod, name, context.Cause(cmd.Context()))
		case is[*remote.WriteError](err):
			return endPsql(cmd.Context(), target, acting.Pod, name, err)
		}
		return err
	}
	return cmd
}

// behindDashes refuses arguments that psql would take for names of a database and a user.
func behindDashes(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0 || cmd.ArgsLenAtDash() == 0:
		return nil
	case strings.Contains(args[0], " "):
		args = append([]string{"-c"}, args...)
	}
	return psqlUsage(usage("psql's own arguments come after --"), args...)
}

// psqlUsage is a faulty command line, with how to give psql its arguments.
func psqlUsage(err error, args ...string) error {
	return hint(usageError{err}, "psql's own arguments come after --: ", plan.Gpk(append([]string{"psql", "--"}, args...)...))
}

// endPsql ends a psql that gpk does not wait for, since the server would carry out the rest of the statement, and psql that of a script.
func endPsql(ctx context.Context, target *apply.Target, pod, name string, cause error) error {
	if err := target.EndPsql(context.WithoutCancel(ctx), pod, name); err != nil {
		return hint(fmt.Errorf("%w; psql's statement may continue in the database: gpk could not end it: %w", cause, err),
			"look at what it did before you run it again; to end it: ", plan.Gpk("psql", "--", "-c", segments.EndSessionSQL(name)))
	}
	return hint(fmt.Errorf("%w; gpk has ended psql and its statement. The work of earlier statements that committed stays", cause))
}

// interactive connects a program in a pod to gpk's own streams, with a terminal in the pod where gpk has one.
func (a *app) interactive(ctx context.Context, target *apply.Target, pod string, command segments.Command) error {
	streams := remote.Streams{In: a.in, Out: a.out, Err: a.err}
	if in, ok := a.in.(*os.File); ok && terminal(a.in) && terminal(a.out) {
		before, err := term.MakeRaw(int(in.Fd()))
		if err != nil {
			return err
		}
		defer func() { _ = term.Restore(int(in.Fd()), before) }()
		streams.TTY, streams.Sizes = true, &sizes{in, false}
	}
	return target.Exec(ctx, pod, command.Argv, streams)
}

// sizes tells the terminal's size once. A window that changes keeps the size that psql began with.
type sizes struct {
	terminal *os.File
	told     bool
}

// Next is called until it returns nil.
func (s *sizes) Next() *remotecommand.TerminalSize {
	width, height, err := term.GetSize(int(s.terminal.Fd()))
	if s.told || err != nil {
		return nil
	}
	s.told = true
	return &remotecommand.TerminalSize{Width: uint16(width), Height: uint16(height)} //nolint:gosec // a terminal's size fits
}
