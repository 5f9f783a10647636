package apply

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/gorilla/websocket"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
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
	status := a.exec(pod, r.URL.Query()["command"], stdin, frames{&mutex, conn, stdoutChannel}, frames{&mutex, conn, stderrChannel})
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
