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
	// Output is its standard error, or its standard output if that is empty.
	Output string
}

// Error names the pod, the command, its exit status and the end of its output.
func (e *Error) Error() string {
	command := strings.Join(e.Argv, " ")
	if len(command) > 120 {
		command = command[:117] + "..."
	}
	return fmt.Sprintf("in pod %s: %s: exit status %d: %s", e.Pod, command, e.Status, LastLines(e.Output, 5))
}

// Why is the one line that says what went wrong: the last error of a database, not the position or the hint below it.
func (e *Error) Why() string {
	why := LastLines(e.Output, 1)
	for line := range strings.Lines(e.Output) {
		if strings.Contains(line, "ERROR:") || strings.Contains(line, "FATAL:") || strings.Contains(line, "PANIC:") {
			why = strings.TrimSpace(line)
		}
	}
	return why
}

// UnknownVerb says whether a script of the pod does not know what it was asked: it is an earlier gpk's.
func (e *Error) UnknownVerb() bool {
	return e.Status == 2 && strings.Contains(e.Output, "unknown verb")
}

// NoScript says whether the script does not exist in the pod, whose scripts are those of an earlier gpk. It is bash's status and words.
func (e *Error) NoScript() bool {
	return e.Status == 127 && strings.Contains(e.Output, "No such file or directory")
}

// ShortOfMemory says whether a database had no memory left. gp_vmem_protect_limit limits what Greenplum calls VMEM, on each instance.
func (e *Error) ShortOfMemory() bool {
	why := strings.ToLower(e.Why())
	return strings.Contains(why, "vmem") || strings.Contains(why, "out of memory")
}

// Run runs a short command in a pod and returns its standard output. In a pod without sessions, a cut stream can look like success:
// callers that need facts must recognise the end of the answer.
func (p *Pods) Run(ctx context.Context, pod string, command segments.Command) (string, error) {
	var answer reply
	err := errNoSession
	if !p.audited {
		answer, err = p.runInSession(ctx, pod, command)
	}
	if errors.Is(err, errNoSession) {
		answer, err = p.runAlone(ctx, pod, command)
	}
	if err != nil {
		return answer.out, err
	}
	return answer.judged(pod, command)
}

// RunApart is Run by an exec of its own. A session keeps the input of a command on the pod's disk for a moment, where no secret must lie.
func (p *Pods) RunApart(ctx context.Context, pod string, command segments.Command) (string, error) {
	answer, err := p.runAlone(ctx, pod, command)
	if err != nil {
		return answer.out, err
	}
	return answer.judged(pod, command)
}

// judged is the output of a command that has run, with an error unless its exit status is 0.
func (answer reply) judged(pod string, command segments.Command) (string, error) {
	if answer.status == 0 {
		return answer.out, nil
	}
	output := answer.errs
	if strings.TrimSpace(output) == "" {
		output = answer.out
	}
	return answer.out, &Error{Pod: pod, Argv: command.Argv, Status: answer.status, Output: output}
}

// RunSoon is Run for a pod that may be unreachable. An API server that refuses to ask the pod until the patience ends is a RefusedError,
// and no silence of the pod.
func (p *Pods) RunSoon(ctx context.Context, pod string, command segments.Command, patience time.Duration) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("no answer within %s", patience))
	defer cancel()
	out, err := p.Run(ctx, pod, command)
	if err != nil && ctx.Err() != nil && !Refused(err) {
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
	if exit, ok := errors.AsType[*Error](err); ok {
		answer.status, err = exit.Status, nil
	}
	return answer, err
}
