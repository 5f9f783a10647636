package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/fatih/color"

	"gpk/pkg/apply"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/record"
	"gpk/pkg/topology"
)

// The exit statuses, which scripts depend on. docs/exit-statuses.md lists them.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitDifferences = 3
	exitTimedOut    = 4
	exitLocked      = 5
	exitInterrupted = 130
)

// usageError is a command line or a file that cannot be worked with. Nothing was changed.
type usageError struct{ error }

// Unwrap gives the cause.
func (e usageError) Unwrap() error { return e.error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// statusError ends gpk with a status and without a message: what there is to say has been printed.
type statusError int

// Error is for a caller that is not report.
func (e statusError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// hint is an error with what a person can type next.
func hint(err error, next ...any) error {
	return &engine.NextError{Err: err, Next: engine.Next(next...)}
}

// is says whether an error is one of a type, or wraps one.
func is[T error](err error) bool {
	_, found := errors.AsType[T](err)
	return found
}

func status(err error) int {
	var given statusError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &given):
		return int(given)
	case is[usageError](err), is[apply.UsageError](err), is[topology.Faults](err):
		return exitUsage
	case is[*record.LockedError](err):
		return exitLocked
	case errors.Is(err, errInterrupted):
		return exitInterrupted
	case errors.Is(err, context.DeadlineExceeded):
		return exitTimedOut
	}
	return exitFailed
}

// ended adds to an error why the command's context has ended: requests under way report only that it has.
func ended(ctx context.Context, err error) error {
	cause := context.Cause(ctx)
	if cause == nil || errors.Is(err, cause) || !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("%w: %w", cause, err)
}

// report prints an error with what to do next, and returns the exit status.
func (a *printer) report(err error) int {
	code := status(err)
	if err == nil || is[statusError](err) {
		return code
	}
	_, _ = fmt.Fprintf(a.err, "%s %s\n", color.New(color.FgRed, color.Bold).Sprint("error:"), printable(err.Error()))
	if next := a.shown(next(code, err)); next != "" {
		_, _ = fmt.Fprintf(a.err, "%s %s\n", color.New(color.Bold).Sprint("next:"), printable(next))
	}
	return code
}

func next(code int, err error) engine.Advice {
	var step *engine.StepError
	var told *engine.NextError
	switch {
	case errors.As(err, &told):
		return told.Next
	case errors.As(err, &step) && !step.Next.Empty():
		return step.Next
	case code == exitTimedOut:
		return engine.Next("the work continues in the cluster: run the same command again to resume, if necessary with a larger --timeout")
	case code == exitInterrupted:
		return engine.Next("run the same command again to resume")
	case errors.As(err, &step):
		return engine.Next("fix the cause and run the same command again: it continues where it stopped")
	case code == exitUsage:
		return engine.Next("see `gpk --help`; nothing was changed")
	}
	return engine.Advice{}
}
