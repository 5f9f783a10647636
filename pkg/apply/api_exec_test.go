package apply

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"k8s.io/client-go/rest"

	"gpk/pkg/apply/remote/remotetest"
)

// cut, as a command's exit status, ends the stream without one.
const cut = remotetest.Cut

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

func targetAt(t *testing.T, url string) *Target { return targetFor(t, &rest.Config{Host: url}) }

// targetFor is the target that tests have.
func targetFor(t *testing.T, config *rest.Config) *Target {
	t.Helper()
	target, err := NewTarget(config, ref)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func TestMain(m *testing.M) { remotetest.Main(m) }
