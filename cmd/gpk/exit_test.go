package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

// Scripts depend on these, and people on what follows next:.
func TestExitStatusOfErrors(t *testing.T) {
	step := &engine.StepError{Step: plan.Step{ID: "synced", Title: "mirrors in sync"}, Err: errors.New("no answer")}
	advised := &engine.StepError{Step: step.Step, Err: step.Err, Next: engine.Next(plan.Gpk("recover"))}
	tests := map[string]struct {
		err  error
		want int
		// next is empty if there is none.
		next string
	}{
		"a failure":               {errors.New("no such thing"), exitFailed, ""},
		"a command line":          {usage("--tail -7"), exitUsage, "see `gpk --help`; nothing was changed"},
		"a file":                  {fmt.Errorf("file: %w", topology.Faults{}), exitUsage, "see `gpk --help`; nothing was changed"},
		"a lock":                  {fmt.Errorf("lock: %w", &record.LockedError{Holder: "h", Since: time.Now()}), exitLocked, ""},
		"a time limit":            {fmt.Errorf("late: %w", context.DeadlineExceeded), exitTimedOut, "the work continues in the cluster: run the same command again"},
		"an interrupt":            {fmt.Errorf("step: %w", errInterrupted), exitInterrupted, "run the same command again to resume"},
		"a step":                  {step, exitFailed, "fix the cause and run the same command again: it continues where it stopped"},
		"a step with advice":      {fmt.Errorf("more: %w", advised), exitFailed, "gpk recover -n other --cluster demo"},
		"a step at a time limit":  {&engine.StepError{Step: step.Step, Err: context.DeadlineExceeded}, exitTimedOut, "the work continues in the cluster"},
		"an error with advice":    {hint(errors.New("x"), plan.Gpk("start"), " starts it"), exitFailed, "`gpk start -n other --cluster demo` starts it"},
		"wrong usage with advice": {hint(usage("x"), "do this"), exitUsage, "do this"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var text strings.Builder
			a := newApp(streams{err: &text})
			a.cluster = plan.Ref{Namespace: "other", Name: "demo"}
			a.here = func() string { return "own" }
			if got := a.report(test.err); got != test.want {
				t.Errorf("exit status %d, want %d", got, test.want)
			}
			first, next, _ := strings.Cut(text.String(), "\n")
			if first != "error: "+strings.TrimSuffix(test.err.Error(), "\n") {
				t.Errorf("%q does not say what is wrong", first)
			}
			if advice := strings.TrimPrefix(next, "next: "); !strings.HasPrefix(advice, test.next) || (test.next == "") != (next == "") {
				t.Errorf("next is %q, want %q", next, test.next)
			}
		})
	}
}

// What has been printed already, and what went well, needs no words.
func TestExitStatusWithoutWords(t *testing.T) {
	for want, err := range map[int]error{exitDone: nil, exitDifferences: statusError(exitDifferences), 7: fmt.Errorf("psql: %w", statusError(7))} {
		var text strings.Builder
		if got := newApp(streams{err: &text}).report(err); got != want || text.Len() > 0 {
			t.Errorf("%v: exit status %d and %q", err, got, text.String())
		}
	}
}

// A time limit and an interrupt end an operation whose pods never do what it waits for.
func TestOperationThatDoesNotEnd(t *testing.T) {
	c := clusterOf(t, "7.1.0", "x/greenplum")
	file := written(t, c)
	f := &fleet{}
	gpk := f.runs(t, c)
	gpk("resize", "-f", file, "--timeout", "300ms").wants(t, exitTimedOut, "not finished within --timeout 300ms", "next: the work continues in the cluster")

	ctx, interrupt := context.WithCancelCause(t.Context())
	time.AfterFunc(300*time.Millisecond, func() { interrupt(errInterrupted) })
	var out, err strings.Builder
	code := run(ctx, []string{"resize", "-f", file}, streams{strings.NewReader(""), &out, &err})
	ran{code, out.String(), err.String()}.wants(t, exitInterrupted, "interrupted", "next: run the same command again to resume")
}

// A request that was under way when the command ended reports only that its context has ended.
func TestEndedByItsCause(t *testing.T) {
	ctx, interrupt := context.WithCancelCause(t.Context())
	request := fmt.Errorf("the cluster's record: %w", context.Canceled)
	if got := ended(ctx, request); !errors.Is(got, request) || errors.Is(got, errInterrupted) {
		t.Errorf("before: %v", got)
	}
	interrupt(errInterrupted)
	if got := ended(ctx, request); status(got) != exitInterrupted || !strings.Contains(got.Error(), "the cluster's record") {
		t.Errorf("interrupted: %v", got)
	}
	refusal := errors.New("no such cluster")
	if got := ended(ctx, refusal); !errors.Is(got, refusal) || errors.Is(got, errInterrupted) {
		t.Errorf("another error: %v", got)
	}
	if ended(ctx, nil) != nil {
		t.Error("no error became one")
	}
}
