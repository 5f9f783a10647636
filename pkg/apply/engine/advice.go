package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gpk/pkg/plan"
)

// Advice is what a person can do next: text, with commands of gpk to type. The zero Advice is none.
type Advice struct{ parts []any }

// Next is advice of these parts: text, plan.Command, or another Advice.
func Next(parts ...any) Advice {
	var a Advice
	for _, part := range parts {
		switch part := part.(type) {
		case Advice:
			a.parts = append(a.parts, part.parts...)
		case plan.Command, string:
			a.parts = append(a.parts, part)
		default:
			a.parts = append(a.parts, fmt.Sprint(part))
		}
	}
	return a
}

// Empty reports whether there is no advice.
func (a Advice) Empty() bool { return len(a.parts) == 0 }

// Show is the advice as text, with each command as show writes it. A command is in backquotes unless it is the only part.
func (a Advice) Show(show func(plan.Command) string) string {
	var text strings.Builder
	for _, part := range a.parts {
		switch command, ok := part.(plan.Command); {
		case ok && len(a.parts) == 1:
			text.WriteString(show(command))
		case ok:
			text.WriteString("`" + show(command) + "`")
		default:
			text.WriteString(part.(string))
		}
	}
	return text.String()
}

// String is the advice as text, for a cluster that needs no naming.
func (a Advice) String() string { return a.Show(plan.Command.String) }

// NextError is an error with what a person can do next.
type NextError struct {
	Err  error
	Next Advice
}

// Error is that of the cause.
func (e *NextError) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *NextError) Unwrap() error { return e.Err }

// StepError is a failure of a step.
type StepError struct {
	Step plan.Step
	Err  error
	// Next is what a person can do. Empty: the same command resumes.
	Next Advice
}

// Error names the step.
func (e *StepError) Error() string {
	return fmt.Sprintf("step %s (%s): %v", e.Step.ID, e.Step.Title, e.Err)
}

// Unwrap gives the cause.
func (e *StepError) Unwrap() error { return e.Err }

func blocked(step plan.Step, finding Finding) error {
	return &StepError{Step: step, Err: errors.New(FirstOf(slices.Concat(finding.Details, finding.Notes))), Next: finding.Next}
}
