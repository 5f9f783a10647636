package apitest

import (
	"testing"

	"k8s.io/client-go/rest"
)

// Served is the configuration of a client that reaches the API over a real connection, and can exec, until the test ends.
func Served(t *testing.T, a *API) *rest.Config {
	t.Helper()
	url, stop := a.ServeAt()
	t.Cleanup(stop)
	return &rest.Config{Host: url}
}
