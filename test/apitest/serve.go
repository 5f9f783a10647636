package apitest

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"k8s.io/client-go/rest"

	"gpk/test/remotetest"
)

// Cut is the exit status of a command that ends the stream without one.
const Cut = remotetest.Cut

// ServeAt has an API answer at a URL until it is stopped.
func ServeAt(world http.Handler) (url string, stop func()) {
	ctx, end := context.WithCancel(context.Background())
	server := httptest.NewUnstartedServer(world)
	server.Config.BaseContext = func(net.Listener) context.Context { return ctx }
	server.Start()
	return server.URL, func() {
		// Cut watches would begin again.
		end()
		server.CloseClientConnections()
		server.Close()
	}
}

// Served is the configuration of a client that reaches the API over a real connection, and can exec, until the test ends.
func Served(t *testing.T, a *API) *rest.Config {
	t.Helper()
	url, stop := ServeAt(a)
	t.Cleanup(stop)
	return &rest.Config{Host: url}
}

// ConfigOf talks to an API without a network, so that it can be used in fake time. It cannot exec.
func ConfigOf(world http.Handler) *rest.Config {
	return &rest.Config{Host: "http://api.example", Transport: inMemory{world}}
}

// inMemory hands requests over without a network.
type inMemory struct{ handler http.Handler }

func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	recorder := httptest.NewRecorder()
	m.handler.ServeHTTP(recorder, r)
	return recorder.Result(), nil
}
