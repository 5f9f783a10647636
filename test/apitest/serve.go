package apitest

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"

	"gpk/pkg/apply/remote/remotetest"
)

// Cut, as a command's exit status, ends the stream without one.
const Cut = remotetest.Cut

// ServeAt makes the API answer at a URL until it is stopped.
func (a *API) ServeAt() (url string, stop func()) { return ServeAt(a) }

func ServeAt(world http.Handler) (url string, stop func()) {
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
