// Package remotetest has the other end of the exec API: pods that run Go functions.
package remotetest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/gorilla/websocket"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"

	"gpk/pkg/segments"
)

// Channels of Kubernetes' remote command protocol, version 5.
const (
	stdinChannel  = 0
	stdoutChannel = 1
	stderrChannel = 2
	statusChannel = 3
	closeChannel  = 255
)

// Cut is the exit status of a Program that ends the stream without one.
const Cut = -1

// Main is a TestMain that keeps the client library's own complaints about streams that tests cut out of their output.
func Main(m *testing.M) {
	klog.SetLogger(logr.Discard())
	os.Exit(m.Run())
}

// Program runs in a pod, and returns an exit status or Cut.
type Program func(pod string, argv []string, stdin io.Reader, stdout, stderr io.Writer) int

// Pods answer execs.
type Pods struct {
	Program Program
	// Sessionless: no pod has session.sh.
	Sessionless bool
	// Fails gets each command of a session, as an API server gets each exec. Its error cuts the session. Nil: none fails.
	Fails func(*http.Request) error
}

// frames writes to one channel of a connection.
type frames struct {
	mutex   *sync.Mutex
	conn    *websocket.Conn
	channel byte
}

func (f frames) Write(data []byte) (int, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return len(data), f.conn.WriteMessage(websocket.BinaryMessage, append([]byte{f.channel}, data...))
}

// Serve answers a request for an exec in a pod by WebSocket, as a kubelet does.
func (p Pods) Serve(w http.ResponseWriter, r *http.Request, pod string) {
	upgrader := websocket.Upgrader{Subprotocols: []string{"v5.channel.k8s.io"}}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	stdin, input := io.Pipe()
	if r.URL.Query().Get("stdin") == "" {
		_ = input.Close()
	}
	gone := readInput(conn, input)
	var mutex sync.Mutex
	run := p.Program
	argv := r.URL.Query()["command"]
	if slices.Equal(argv, segments.Session().Argv) && !p.Sessionless {
		run = p.session(r)
	}
	status := run(pod, argv, stdin, frames{&mutex, conn, stdoutChannel}, frames{&mutex, conn, stderrChannel})
	_ = stdin.Close()
	if status == Cut {
		return
	}
	text, err := json.Marshal(resultOf(status))
	if err != nil {
		return
	}
	_, _ = frames{&mutex, conn, statusChannel}.Write(text)
	_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(time.Second))
	// Read to the end of what the client sends: a connection that is closed earlier loses the answer.
	select {
	case <-gone:
	case <-time.After(5 * time.Second):
	}
}

// readInput copies a client's standard input until it closes that or goes.
func readInput(conn *websocket.Conn, input io.WriteCloser) (gone chan struct{}) {
	gone = make(chan struct{})
	go func() {
		defer close(gone)
		defer func() { _ = input.Close() }()
		for {
			_, message, err := conn.ReadMessage()
			if err != nil {
				return
			}
			if len(message) > 1 && message[0] == closeChannel {
				_ = input.Close()
			}
			if len(message) > 1 && message[0] == stdinChannel {
				_, _ = input.Write(message[1:])
			}
		}
	}()
	return gone
}

// resultOf is how a kubelet reports an exit status.
func resultOf(status int) metav1.Status {
	if status == 0 {
		return metav1.Status{Status: metav1.StatusSuccess}
	}
	return metav1.Status{Status: metav1.StatusFailure, Reason: "NonZeroExitCode", Message: "command terminated",
		Details: &metav1.StatusDetails{Causes: []metav1.StatusCause{{Type: "ExitCode", Message: strconv.Itoa(status)}}}}
}

// session is a fake of session.sh: its program runs each command, unless an exec of that command would fail.
func (p Pods) session(opened *http.Request) Program {
	return func(pod string, _ []string, stdin io.Reader, out, _ io.Writer) int {
		_, _ = io.WriteString(out, "ready\n")
		for asked := bufio.NewReader(stdin); ; {
			argv, input, err := readCommand(asked)
			if errors.Is(err, io.EOF) {
				return 0
			}
			alone := opened.Clone(opened.Context())
			alone.URL.RawQuery = url.Values{"command": argv}.Encode()
			if err != nil || p.Fails != nil && p.Fails(alone) != nil {
				return Cut
			}
			var said, errs bytes.Buffer
			status := p.Program(pod, argv, strings.NewReader(input), &said, &errs)
			if status == Cut {
				_, _ = out.Write(said.Bytes())
				return Cut
			}
			_, _ = fmt.Fprintf(out, "%d %d %d\n%s%s", status, said.Len(), errs.Len(), said.String(), errs.String())
		}
	}
}

// readCommand reads the next command of a session, with its standard input. io.EOF: there is none.
func readCommand(asked *bufio.Reader) (argv []string, input string, err error) {
	line, err := asked.ReadString('\n')
	if err != nil {
		return nil, "", io.EOF
	}
	var count, length int
	if _, err := fmt.Sscanf(line, "%d %d\n", &count, &length); err != nil {
		return nil, "", err
	}
	for range count {
		arg, err := asked.ReadString(0)
		if err != nil {
			return nil, "", io.ErrUnexpectedEOF
		}
		argv = append(argv, strings.TrimSuffix(arg, "\x00"))
	}
	rest := make([]byte, length+len("end\n"))
	if _, err := io.ReadFull(asked, rest); err != nil || string(rest[length:]) != "end\n" {
		return nil, "", io.ErrUnexpectedEOF
	}
	return argv, string(rest[:length]), nil
}
