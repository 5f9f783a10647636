package apply

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"

	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/remote"
	"gpk/test/apitest"
)

func podsAt(t *testing.T, url string) *remote.Pods {
	t.Helper()
	k, err := kube.New(&rest.Config{Host: url}, apitest.Ref)
	if err != nil {
		t.Fatal(err)
	}
	return remote.New(k.API, k.Config, apitest.Ref.Namespace, "")
}

// A command that the API server has refused for the moment is begun later, once. Of any other nobody knows whether it has begun.
func TestExecNotBegun(t *testing.T) {
	for name, test := range map[string]struct {
		refused error
		runs    int32
	}{
		"too many requests": {apierrors.NewTooManyRequests("later", 0), 1},
		"an expired token":  {apierrors.NewUnauthorized("expired"), 1},
		"not available":     {apierrors.NewServiceUnavailable("starting"), 1},
		"no such pod":       {apierrors.NewNotFound(apitest.SetResource, "p"), 0},
		"no kubelet":        {apierrors.NewInternalError(errors.New("error dialing backend")), 0},
	} {
		t.Run(name, func(t *testing.T) {
			a := apitest.New()
			var asked, runs atomic.Int32
			a.Fail = func(r *http.Request) error {
				if strings.HasSuffix(r.URL.Path, "/exec") && (asked.Add(1) == 1 || test.runs == 0) {
					return test.refused
				}
				return nil
			}
			a.Exec = func(string, []string, io.Reader, io.Writer, io.Writer) int {
				runs.Add(1)
				return 0
			}
			url, stop := apitest.ServeAt(a)
			defer stop()
			err := podsAt(t, url).Exec(t.Context(), "p", []string{"true"}, remote.Streams{Out: io.Discard, Err: io.Discard})
			if runs.Load() != test.runs || (err == nil) != (test.runs == 1) {
				t.Errorf("it ran %d times, error %v", runs.Load(), err)
			}
		})
	}
}

// A proxy that has no API server behind it for the moment refuses in words of its own.
func TestExecBehindProxy(t *testing.T) {
	a := apitest.New()
	var asked, runs atomic.Int32
	a.Exec = func(string, []string, io.Reader, io.Writer, io.Writer) int {
		runs.Add(1)
		return 0
	}
	url, stop := apitest.ServeAt(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/exec") && asked.Add(1) == 1 {
			http.Error(w, "<html>no upstream</html>", http.StatusServiceUnavailable)
			return
		}
		a.ServeHTTP(w, r)
	}))
	defer stop()
	err := podsAt(t, url).Exec(t.Context(), "p", []string{"true"}, remote.Streams{Out: io.Discard, Err: io.Discard})
	if err != nil || runs.Load() != 1 {
		t.Errorf("it ran %d times, error %v", runs.Load(), err)
	}
}

// An API server that starts again is waited for. One that cuts a stream is not asked to run the command again.
func TestExecWaitsForServer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	a := apitest.New()
	var runs atomic.Int32
	a.Exec = func(_ string, argv []string, _ io.Reader, out, _ io.Writer) int {
		runs.Add(1)
		_, _ = fmt.Fprintln(out, "there")
		if argv[0] == "cut" {
			return apitest.Cut
		}
		return 0
	}
	server := &http.Server{Addr: address, Handler: a, ReadHeaderTimeout: time.Minute}
	started := time.AfterFunc(1500*time.Millisecond, func() { _ = server.ListenAndServe() })
	defer func() { started.Stop(); _ = server.Close() }()
	target := podsAt(t, "http://"+address)
	var out strings.Builder
	if err := target.Exec(t.Context(), "p", []string{"say"}, remote.Streams{Out: &out, Err: io.Discard}); err != nil || out.String() != "there\n" || runs.Load() != 1 {
		t.Errorf("%q, it ran %d times, error %v", out.String(), runs.Load(), err)
	}
	err = target.Exec(t.Context(), "p", []string{"cut"}, remote.Streams{Out: io.Discard, Err: io.Discard})
	var cut *remote.StreamError
	if !errors.As(err, &cut) || !cut.Passing() || runs.Load() != 2 {
		t.Errorf("it ran %d times, error %v", runs.Load(), err)
	}
}
