// Package engine owns how a plan runs: it checks each step, does what is missing, and checks again. It knows no step and no
// Kubernetes. Findings, events and advice are its words for what it finds, does, and cannot decide.
package engine

import (
	"context"
	"errors"
	"slices"
	"time"
)

// State is what a Check found.
type State string

// The states of a step.
const (
	// Done: the facts are as the step wants them.
	Done State = "done"
	// Pending: there is something to do, and gpk can do it.
	Pending State = "pending"
	// Blocked: a person must decide. Finding.Next tells what.
	Blocked State = "blocked"
	// Unknown: the facts are not available yet, because of what earlier steps have not done.
	Unknown State = "unknown"
)

// Finding is the answer of a Check.
type Finding struct {
	State State
	// Details are the differences from what the step wants. Those of a step that is done tell why it is skipped.
	Details []string
	// Notes are what a Check that is blocked could not find out.
	Notes []string
	// Next is what a person can do, where the step is blocked, or where a step that is done leaves something undone.
	Next Advice
}

// PendingIf is done without details, and pending with them.
func PendingIf(details []string) Finding {
	if len(details) == 0 {
		return Finding{State: Done}
	}
	return Finding{State: Pending, Details: details}
}

// BlockedBy is blocked by one detail, with what a person can do: the parts of Next.
func BlockedBy(detail string, next ...any) Finding {
	return Finding{State: Blocked, Details: []string{detail}, Next: Next(next...)}
}

// FirstOf are the first few of some details, on one line.
func FirstOf(details []string) string {
	if len(details) == 0 {
		return "no details are known"
	}
	return Few(details)
}

// NonEmpty are the texts that are not empty.
func NonEmpty(texts []string) []string {
	return slices.DeleteFunc(slices.Clone(texts), func(text string) bool { return text == "" })
}

// Blocking is an error that a person must decide about, and no failure.
type Blocking interface {
	error
	Blocks() Finding
}

// checked is the finding of a handler's Check. A Blocking error is a finding. A Check that a passing error ended is made again: it changes
// nothing.
func checked(ctx context.Context, h Handler) (Finding, error) {
	finding, err := h.Check(ctx)
	for pause := time.Second; passing(err) && pause <= checkPause && Sleep(ctx, pause) == nil; pause *= 2 {
		finding, err = h.Check(ctx)
	}
	if blocking, ok := errors.AsType[Blocking](err); ok {
		return blocking.Blocks(), nil
	}
	return finding, err
}

// checkPause is the last pause before a Check is made again: its own requests wait for the API server.
const checkPause = 4 * time.Second

// Passing is an error that may be over in a moment.
type Passing interface {
	error
	Passing() bool
}

func passing(err error) bool {
	found, ok := errors.AsType[Passing](err)
	return ok && found.Passing()
}
