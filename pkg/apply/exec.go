package apply

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/remotecommand"
	utilexec "k8s.io/client-go/util/exec"
	"k8s.io/streaming/pkg/httpstream"

	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// ExecError is a command in a pod that ended with an exit status other than 0.
type ExecError struct {
	Pod    string
	Argv   []string
	Status int
	// Output is the end of what it said on standard error, or on standard output if that was silent.
	Output string
}

// Error names the pod, the command and its last words.
func (e *ExecError) Error() string {
	command := strings.Join(e.Argv, " ")
	if len(command) > 120 {
		command = command[:117] + "..."
	}
	return fmt.Sprintf("in pod %s: %s: exit status %d: %s", e.Pod, command, e.Status, lastLines(e.Output, 5))
}

// why is the one line that says what went wrong: of a database's answer the last error, not the position or the hint below it.
func (e *ExecError) why() string {
	why := lastLines(e.Output, 1)
	for line := range strings.Lines(e.Output) {
		if strings.Contains(line, "ERROR:") || strings.Contains(line, "FATAL:") || strings.Contains(line, "PANIC:") {
			why = strings.TrimSpace(line)
		}
	}
	return why
}

// shortOfMemory says whether a database had no memory left for a statement: what Greenplum calls VMEM is what gp_vmem_protect_limit
// bounds, on each instance.
func (e *ExecError) shortOfMemory() bool {
	why := strings.ToLower(e.why())
	return strings.Contains(why, "vmem") || strings.Contains(why, "out of memory")
}

// Streams are what a command in a pod is connected to.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	// TTY asks for a terminal in the pod; Sizes tells its size as it changes.
	TTY   bool
	Sizes remotecommand.TerminalSizeQueue
}

// Exec runs a command in a pod's database container, over WebSocket, or SPDY where the server or a proxy knows only that.
// When ctx ends, the command in the pod goes on: what takes long is a job.
func (t *Target) Exec(ctx context.Context, pod string, argv []string, streams Streams) error {
	request := t.client.CoreV1().RESTClient().Post().Namespace(t.Ref.Namespace).Resource("pods").Name(pod).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{Container: plan.Container, Command: argv, TTY: streams.TTY,
			Stdin: streams.In != nil, Stdout: true, Stderr: !streams.TTY}, scheme.ParameterCodec)
	spdy, err := remotecommand.NewSPDYExecutor(t.config, "POST", request.URL())
	if err != nil {
		return fmt.Errorf("exec in pod %s: %w", pod, err)
	}
	websocket, err := remotecommand.NewWebSocketExecutor(t.config, "GET", request.URL().String())
	if err != nil {
		return fmt.Errorf("exec in pod %s: %w", pod, err)
	}
	executor, err := remotecommand.NewFallbackExecutor(websocket, spdy, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	})
	if err != nil {
		return fmt.Errorf("exec in pod %s: %w", pod, err)
	}
	out, errs := &tap{to: streams.Out}, &tap{to: streams.Err}
	defer out.shut()
	defer errs.shut()
	options := remotecommand.StreamOptions{Stdin: streams.In, Stdout: out, Stderr: errs, Tty: streams.TTY,
		TerminalSizeQueue: streams.Sizes}
	if streams.TTY {
		options.Stderr = nil
	}
	err = executor.StreamWithContext(ctx, options)
	var exit utilexec.CodeExitError
	switch {
	case errors.As(err, &exit):
		return &ExecError{Pod: pod, Argv: argv, Status: exit.Code}
	case err != nil:
		return fmt.Errorf("exec in pod %s: %w", pod, err)
	}
	return nil
}

// tap is an output stream that can be shut. When an exec is given up, client-go still copies what has arrived, and nobody
// may have that after Exec has returned: the buffer is being read, or the next stream goes on at its offset.
type tap struct {
	mutex sync.Mutex
	to    io.Writer
}

// Write fails once the tap is shut.
func (t *tap) Write(data []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.to == nil {
		return 0, io.ErrClosedPipe
	}
	return t.to.Write(data)
}

func (t *tap) shut() {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.to = nil
}

// run runs a short command in a pod and returns its standard output. A stream that was cut can look like success where the pod
// has no sessions, so whoever asks for facts must recognise the end of the answer.
func (t *Target) run(ctx context.Context, pod string, command segments.Command) (string, error) {
	answer, err := t.ask(ctx, pod, command)
	if errors.Is(err, errNoSession) {
		answer, err = t.runAlone(ctx, pod, command)
	}
	if err != nil || answer.status == 0 {
		return answer.out, err
	}
	said := answer.errs
	if strings.TrimSpace(said) == "" {
		said = answer.out
	}
	return answer.out, &ExecError{Pod: pod, Argv: command.Argv, Status: answer.status, Output: said}
}

// runAlone runs a command by an exec of its own.
func (t *Target) runAlone(ctx context.Context, pod string, command segments.Command) (reply, error) {
	var out, errs bytes.Buffer
	streams := Streams{Out: &out, Err: &errs}
	if command.Stdin != "" {
		streams.In = strings.NewReader(command.Stdin)
	}
	err := t.Exec(ctx, pod, command.Argv, streams)
	answer := reply{out: out.String(), errs: errs.String()}
	var exit *ExecError
	if errors.As(err, &exit) {
		answer.status, err = exit.Status, nil
	}
	return answer, err
}

// lastLines are the last n lines that are not empty, on one line.
func lastLines(text string, n int) string {
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
