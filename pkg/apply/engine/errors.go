package engine

import (
	"errors"
	"fmt"

	"gpk/pkg/plan"
)

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
	return &StepError{Step: step, Err: errors.New(FirstOf(finding.Details)), Next: finding.Next}
}
