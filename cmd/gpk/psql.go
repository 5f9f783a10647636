package main

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"
	"k8s.io/client-go/tools/remotecommand"

	"gpk/pkg/apply"
	"gpk/pkg/apply/remote"
	"gpk/pkg/segments"
)

func (a *app) psqlCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:         "psql [-d DATABASE] [-- PSQL-ARGUMENTS]",
		Short:       "Run psql on the acting coordinator, as the administrator",
		Example:     "  gpk psql\n  gpk psql -d analytics -- -c 'select version()'\n  gpk psql <script.sql",
		Args:        cobra.ArbitraryArgs,
		Annotations: map[string]string{endless: "yes"},
	}
	database := cmd.Flags().StringP("dbname", "d", "postgres", "database to connect to")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		target, err := a.existing(cmd.Context())
		if err != nil {
			return err
		}
		acting, err := target.Acting(cmd.Context())
		if err != nil {
			return err
		}
		command := segments.UserPsql(*database, args...)
		err = a.interactive(cmd.Context(), target, acting.Pod, command)
		if exit, ok := errors.AsType[*remote.Error](err); ok {
			// psql has said what was wrong.
			return statusError(exit.Status)
		}
		return err
	}
	return cmd
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
