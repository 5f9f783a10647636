package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gpk/pkg/segments"
)

// Error is a command in a pod that ended with an exit status other than 0.
type Error struct {
	Pod    string
	Argv   []string
	Status int
	// Output is the end of what it said on standard error, or on standard output if that was silent.
	Output string
}

// Error names the pod, the command and its last words.
func (e *Error) Error() string {
	command := strings.Join(e.Argv, " ")
	if len(command) > 120 {
		command = command[:117] + "..."
	}
	return fmt.Sprintf("in pod %s: %s: exit status %d: %s", e.Pod, command, e.Status, LastLines(e.Output, 5))
}

// Why is the one line that says what went wrong: of a database's answer the last error, not the position or the hint below it.
func (e *Error) Why() string {
	why := LastLines(e.Output, 1)
	for line := range strings.Lines(e.Output) {
		if strings.Contains(line, "ERROR:") || strings.Contains(line, "FATAL:") || strings.Contains(line, "PANIC:") {
			why = strings.TrimSpace(line)
		}
	}
	return why
}

// ShortOfMemory says whether a database had no memory left for a statement: what Greenplum calls VMEM is what gp_vmem_protect_limit
// bounds, on each instance.
func (e *Error) ShortOfMemory() bool {
	why := strings.ToLower(e.Why())
	return strings.Contains(why, "vmem") || strings.Contains(why, "out of memory")
}

// Run runs a short command in a pod and returns its standard output. A stream that was cut can look like success where the pod
// has no sessions, so whoever asks for facts must recognise the end of the answer.
func (p *Pods) Run(ctx context.Context, pod string, command segments.Command) (string, error) {
	answer, err := p.ask(ctx, pod, command)
	if errors.Is(err, errNoSession) {
		answer, err = p.runAlone(ctx, pod, command)
	}
	if err != nil || answer.status == 0 {
		return answer.out, err
	}
	said := answer.errs
	if strings.TrimSpace(said) == "" {
		said = answer.out
	}
	return answer.out, &Error{Pod: pod, Argv: command.Argv, Status: answer.status, Output: said}
}

// RunSoon is Run for a pod that may be out of reach.
func (p *Pods) RunSoon(ctx context.Context, pod string, command segments.Command, patience time.Duration) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("no answer within %s", patience))
	defer cancel()
	out, err := p.Run(ctx, pod, command)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return out, err
}

// runAlone runs a command by an exec of its own.
func (p *Pods) runAlone(ctx context.Context, pod string, command segments.Command) (reply, error) {
	var out, errs bytes.Buffer
	streams := Streams{Out: &out, Err: &errs}
	if command.Stdin != "" {
		streams.In = strings.NewReader(command.Stdin)
	}
	err := p.Exec(ctx, pod, command.Argv, streams)
	answer := reply{out: out.String(), errs: errs.String()}
	var exit *Error
	if errors.As(err, &exit) {
		answer.status, err = exit.Status, nil
	}
	return answer, err
}

// LastLines are the last n lines that are not empty, on one line.
func LastLines(text string, n int) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	return strings.Join(lines, " | ")
}
