package remote

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/remotecommand"
	utilexec "k8s.io/client-go/util/exec"
	"k8s.io/streaming/pkg/httpstream"

	"gpk/pkg/plan"
)

// Streams connect a command in a pod.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	// TTY asks for a terminal in the pod. Sizes has its size as it changes.
	TTY   bool
	Sizes remotecommand.TerminalSizeQueue
}

// WriteError is output of a command in a pod that could not be written here.
type WriteError struct {
	Pod string
	Err error
}

// Error names the pod.
func (e *WriteError) Error() string {
	return fmt.Sprintf("cannot write the output of the command in pod %s: %v", e.Pod, e.Err)
}

// Unwrap gives the cause.
func (e *WriteError) Unwrap() error { return e.Err }

// execPatience is how long gpk tries to begin a command while the API server does not take it.
const execPatience = time.Minute

// Exec runs a command in a pod's database container. If ctx ends, the command in the pod continues: what takes long is a job. Only a
// command that has certainly not begun is tried again.
func (p *Pods) Exec(ctx context.Context, pod string, argv []string, streams Streams) error {
	began := time.Now()
	var refusal error
	taken, err := p.connect(ctx, pod, argv, streams)
	for notBegun(err) && time.Since(began) < execPatience && p.answers(ctx, pod) {
		refusal = err
		taken, err = p.connect(ctx, pod, argv, streams)
	}
	if exit, ok := errors.AsType[utilexec.CodeExitError](err); ok {
		return &Error{Pod: pod, Argv: argv, Status: exit.Code}
	}
	_, unwritten := errors.AsType[*WriteError](err)
	switch {
	case err == nil, unwritten:
		return err
	case unasked(err, taken):
		return &RefusedError{pod, err, taken || !certainlyNotBegun(err)}
	case !taken && refusal != nil && (ctx.Err() != nil || readTimeout(err)):
		// The API server refused for most of the time, and the last try had none left.
		return &RefusedError{pod, refusal, true}
	}
	return &StreamError{pod, err}
}

// StreamError is an exec whose stream has failed. What became of its command is unknown.
type StreamError struct {
	Pod string
	Err error
}

// Error names the pod.
func (e *StreamError) Error() string { return fmt.Sprintf("exec in pod %s: %v", e.Pod, e.Err) }

// Unwrap gives the cause.
func (e *StreamError) Unwrap() error { return e.Err }

// Passing says whether the stream was cut, as by an API server that restarts: the next one may well work. client-go has only the words.
func (e *StreamError) Passing() bool {
	text := e.Err.Error()
	return errors.Is(e.Err, errCut) || slices.ContainsFunc([]string{"unexpected EOF", "connection reset by peer", "close 1006"},
		func(cut string) bool { return strings.Contains(text, cut) })
}

// errCut is that a stream ended before its answer.
var errCut = errors.New("the session ended before its answer")

// answers waits for the API server, as long as a client waits that reads, and says whether it answers. That also renews an expired token.
func (p *Pods) answers(ctx context.Context, pod string) bool {
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return false
	}
	_, err := p.Get(ctx, pod)
	return err == nil
}

// connect connects a command over WebSocket, or over SPDY if the server or a proxy knows only that. taken: the API server gave the command
// a stream.
func (p *Pods) connect(ctx context.Context, pod string, argv []string, streams Streams) (taken bool, err error) {
	config := rest.CopyConfig(p.config)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return upgrades{next, &taken} })
	request := p.client.CoreV1().RESTClient().Post().Namespace(p.namespace).Resource("pods").Name(pod).SubResource("exec").
		VersionedParams(&corev1.PodExecOptions{Container: plan.Container, Command: argv, TTY: streams.TTY,
			Stdin: streams.In != nil, Stdout: true, Stderr: !streams.TTY}, scheme.ParameterCodec)
	spdy, err := remotecommand.NewSPDYExecutor(config, "POST", request.URL())
	if err != nil {
		return false, err
	}
	websocket, err := remotecommand.NewWebSocketExecutor(config, "GET", request.URL().String())
	if err != nil {
		return false, err
	}
	executor, err := remotecommand.NewFallbackExecutor(websocket, spdy, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) && !refusedForNow(err) && !byGateway(err) || httpstream.IsHTTPSProxyError(err)
	})
	if err != nil {
		return false, err
	}
	// client-go drops an error of the writer, and the rest of the output.
	ctx, end := context.WithCancel(ctx)
	defer end()
	out, errs := &tap{to: streams.Out, end: end}, &tap{to: streams.Err, end: end}
	defer out.shut()
	defer errs.shut()
	options := remotecommand.StreamOptions{Stdin: streams.In, Stdout: out, Stderr: errs, Tty: streams.TTY,
		TerminalSizeQueue: streams.Sizes}
	if streams.TTY {
		options.Stderr = nil
	}
	err = executor.StreamWithContext(ctx, options)
	if unwritten := cmp.Or(out.failure(), errs.failure()); unwritten != nil {
		return taken, &WriteError{pod, unwritten}
	}
	return taken, err
}

// tap is an output stream that can be shut. After ctx has ended, client-go still copies what has arrived. Nobody may get that after Exec
// has returned: the caller reads the buffer, or the next stream continues at its offset.
type tap struct {
	mutex sync.Mutex
	to    io.Writer
	// end is called when to has failed with err.
	end func()
	err error
}

// Write fails once the tap is shut.
func (t *tap) Write(data []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.to == nil {
		return 0, io.ErrClosedPipe
	}
	n, err := t.to.Write(data)
	if err != nil && t.err == nil {
		t.err = err
		t.end()
	}
	return n, err
}

// failure is why the output could not be written, or nil.
func (t *tap) failure() error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.err
}

func (t *tap) shut() {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.to = nil
}
