package apply

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
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
	"k8s.io/client-go/rest"
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

// cut, as a command's exit status, ends the stream without one.
const cut = -1

// served is a target that reaches the API over a real connection, and can exec.
func (a *memoryAPI) served(t *testing.T) *Target {
	t.Helper()
	url, stop := a.serveAt()
	t.Cleanup(stop)
	return targetAt(t, url)
}

// serveAt makes the API answer at a URL until it is stopped.
func (a *memoryAPI) serveAt() (url string, stop func()) { return serveAt(a) }

func serveAt(world http.Handler) (url string, stop func()) {
	ctx, end := context.WithCancel(context.Background())
	server := httptest.NewUnstartedServer(world)
	server.Config.BaseContext = func(net.Listener) context.Context { return ctx }
	server.Start()
	return server.URL, func() {
		// Watches would begin anew as soon as they are cut.
		end()
		server.CloseClientConnections()
		server.Close()
	}
}

func targetAt(t *testing.T, url string) *Target {
	t.Helper()
	target, err := NewTarget(&rest.Config{Host: url}, ref)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// TestMain keeps the client library's own complaints about streams that tests cut out of their output.
func TestMain(m *testing.M) {
	klog.SetLogger(logr.Discard())
	os.Exit(m.Run())
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

func (a *memoryAPI) serveExec(w http.ResponseWriter, r *http.Request, pod string) {
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
	gone := make(chan struct{})
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
	var mutex sync.Mutex
	run := a.exec
	argv := r.URL.Query()["command"]
	if slices.Equal(argv, segments.Session().Argv) && !a.sessionless {
		run = a.session(r)
	}
	status := run(pod, argv, stdin, frames{&mutex, conn, stdoutChannel}, frames{&mutex, conn, stderrChannel})
	_ = stdin.Close()
	if status == cut {
		return
	}
	result := metav1.Status{Status: metav1.StatusSuccess}
	if status != 0 {
		result = metav1.Status{Status: metav1.StatusFailure, Reason: "NonZeroExitCode", Message: "command terminated",
			Details: &metav1.StatusDetails{Causes: []metav1.StatusCause{{Type: "ExitCode", Message: strconv.Itoa(status)}}}}
	}
	text, err := json.Marshal(result)
	if err != nil {
		return
	}
	_, _ = frames{&mutex, conn, statusChannel}.Write(text)
	_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(time.Second))
	// What the client has sent is read to its end: a connection that is closed before would take the answer with it.
	select {
	case <-gone:
	case <-time.After(5 * time.Second):
	}
}

// session is a fake of session.sh: it carries out by exec what it is asked, unless a request for that would fail.
func (a *memoryAPI) session(opened *http.Request) func(pod string, argv []string, stdin io.Reader, out, errs io.Writer) int {
	return func(pod string, _ []string, stdin io.Reader, out, _ io.Writer) int {
		_, _ = io.WriteString(out, "ready\n")
		for asked := bufio.NewReader(stdin); ; {
			argv, input, err := readCommand(asked)
			if errors.Is(err, io.EOF) {
				return 0
			}
			alone := opened.Clone(opened.Context())
			alone.URL.RawQuery = url.Values{"command": argv}.Encode()
			if err != nil || a.failure(alone) != nil {
				return cut
			}
			var said, errs bytes.Buffer
			status := a.exec(pod, argv, strings.NewReader(input), &said, &errs)
			if status == cut {
				_, _ = out.Write(said.Bytes())
				return cut
			}
			_, _ = fmt.Fprintf(out, "%d %d %d\n%s%s", status, said.Len(), errs.Len(), said.String(), errs.String())
		}
	}
}

// readCommand is the next command that a session is asked to carry out, with its standard input; io.EOF if there is none.
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
