package remote

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"gpk/pkg/segments"
	"gpk/test/remotetest"
)

var podResource = schema.GroupResource{Resource: "pods"} //nolint:gochecknoglobals // Go has no constant structs

// answering are pods whose API server answers every exec alike, and counts them. It lists no pods.
func answering(t *testing.T, answer http.HandlerFunc) (pods *Pods, execs *atomic.Int32) {
	t.Helper()
	execs = &atomic.Int32{}
	return reachedBy(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/exec") {
			execs.Add(1)
			answer(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"kind": "PodList", "apiVersion": "v1", "items": []}`)
	}), execs
}

// status answers as an API server does, and words as a proxy.
func status(err apierrors.APIStatus) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		s := err.Status()
		s.Kind, s.APIVersion = "Status", "v1"
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(int(s.Code))
		_ = json.NewEncoder(w).Encode(s)
	}
}

func words(code int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, text, code) }
}

// What the API server or a proxy answers instead of asking the pod is no evidence about the pod. What it says of the pod or its kubelet is.
func TestRefused(t *testing.T) {
	const reset = "upstream connect error or disconnect/reset before headers. reset reason: connection termination"
	tests := map[string]struct {
		answer         http.HandlerFunc
		refused, begun bool
	}{
		"an expired token":     {status(apierrors.NewUnauthorized("expired")), true, false},
		"too many requests":    {status(apierrors.NewTooManyRequests("later", 0)), true, false},
		"a server that starts": {status(apierrors.NewServiceUnavailable("starting")), true, false},
		"no right":             {status(apierrors.NewForbidden(podResource, "p", errors.New("no right to create pods/exec"))), true, false},
		"a webhook that fails": {status(apierrors.NewInternalError(errors.New(`failed calling webhook "audit.example"`))), true, true},
		"an etcd without a leader": {
			status(apierrors.NewInternalError(errors.New("etcdserver: leader changed"))), true, true},
		"no server behind the proxy":  {words(http.StatusServiceUnavailable, "<html>no upstream</html>"), true, false},
		"a proxy that was cut off":    {words(http.StatusServiceUnavailable, reset), true, true},
		"a bad gateway":               {words(http.StatusBadGateway, "<html>Bad Gateway</html>"), true, true},
		"a gateway without an answer": {words(http.StatusGatewayTimeout, "<html>Gateway Timeout</html>"), true, true},
		"a proxy that wants a login":  {words(http.StatusProxyAuthRequired, "who are you"), true, true},
		"a tunnel without an agent": {
			status(apierrors.NewInternalError(errors.New("error dialing backend: No agent available"))), true, true},
		"a kubelet without a certificate": {
			status(apierrors.NewInternalError(errors.New("error dialing backend: remote error: tls: internal error"))), true, true},
		"no kubelet": {
			status(apierrors.NewInternalError(errors.New("error dialing backend: dial tcp 10.0.0.5:10250: connect: no route to host"))), false, true},
		"no such pod":       {status(apierrors.NewNotFound(podResource, "p")), false, true},
		"no such container": {words(http.StatusInternalServerError, `unable to upgrade connection: container not found ("greenplum")`), false, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pods, _ := answering(t, test.answer)
			_, err := pods.RunSoon(t.Context(), "p", segments.AskTerm(), 3*time.Second)
			if err == nil || Refused(err) != test.refused || MayHaveBegun(err) != test.begun {
				t.Errorf("error %v, refused %t, may have begun %t", err, Refused(err), MayHaveBegun(err))
			}
		})
	}
}

// An API server that refuses for longer than gpk waits for the pod has not shown that the pod is silent, whatever way gpk takes.
func TestRefusedForLong(t *testing.T) {
	for _, audited := range []bool{false, true} {
		pods, execs := answering(t, status(apierrors.NewTooManyRequests("later", 0)))
		pods.audited = audited
		_, err := pods.RunSoon(t.Context(), "p", segments.AskTerm(), 3*time.Second)
		if !Refused(err) || execs.Load() < 2 {
			t.Errorf("audited %t: error %v after %d execs", audited, err, execs.Load())
		}
		pods.Ways.Note(ByExec("p"), fmt.Errorf("for long: %w", err))
		if unreachable := pods.Ways.Unreachable(ByExec("p")); unreachable != nil {
			t.Errorf("audited %t: the pod counts as unreachable: %v", audited, unreachable)
		}
	}
}

// The last try of an API server that has refused before may have no time for an answer. That is no silence of the pod either.
func TestRefusedThenSlow(t *testing.T) {
	var asked atomic.Int32
	ended := make(chan struct{})
	pods, _ := answering(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) > 1 {
			select {
			case <-ended:
			case <-r.Context().Done():
			}
		}
		status(apierrors.NewUnauthorized("expired"))(w, r)
	})
	defer close(ended)
	if _, err := pods.RunSoon(t.Context(), "p", segments.AskTerm(), 4*time.Second); !Refused(err) || !MayHaveBegun(err) {
		t.Errorf("error %v, refused %t, may have begun %t", err, Refused(err), MayHaveBegun(err))
	}
}

// An API server that nobody reaches says nothing of the pod.
func TestRefusedWithoutServer(t *testing.T) {
	config := &rest.Config{Host: "http://127.0.0.1:1"}
	client, err := kubernetes.NewForConfig(config)
	must(t, err)
	pods := New(client, config, "analytics", "")
	if _, err := pods.RunSoon(t.Context(), "p", segments.AskTerm(), 2*time.Second); !Refused(err) || MayHaveBegun(err) {
		t.Errorf("error %v, refused %t, may have begun %t", err, Refused(err), MayHaveBegun(err))
	}
}

// A proxy that lost its connection in the middle of an exec may have passed the command on: nothing sends it again, in no protocol.
func TestResetIsNotRepeated(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"reset":       words(http.StatusServiceUnavailable, "upstream connect error or disconnect/reset before headers"),
		"bad gateway": words(http.StatusBadGateway, "<html>Bad Gateway</html>"),
	} {
		pods, execs := answering(t, answer)
		err := pods.Exec(t.Context(), "p", []string{"halt"}, Streams{Out: io.Discard, Err: io.Discard})
		if !MayHaveBegun(err) || execs.Load() != 1 {
			t.Errorf("%s: error %v, may have begun %t, sent %d times", name, err, MayHaveBegun(err), execs.Load())
		}
	}
}

// A stream that is cut is one that the API server has given: it is no refusal, and the command may have begun.
func TestCutIsNotRefused(t *testing.T) {
	pods := reached(t, remotetest.Pods{Sessionless: true, Program: func(string, []string, io.Reader, io.Writer, io.Writer) int { return remotetest.Cut }})
	pods.Audited()
	if _, err := pods.Run(t.Context(), "p", segments.AskTerm()); Refused(err) || err != nil && !MayHaveBegun(err) {
		t.Errorf("error %v, refused %t, may have begun %t", err, Refused(err), MayHaveBegun(err))
	}
}

// A way that led nowhere before this machine slept is tried again after it, and its silence begins anew.
func TestUnreachableBeforeSleep(t *testing.T) {
	ways, gone := &Ways{}, errors.New("no answer")
	way := ByExec("p0")
	ways.Note(way, gone)
	s := ways.found[way]
	s.last.Wall, s.since = s.last.Wall.Add(-time.Hour), s.since.Add(-time.Second)
	ways.found[way] = s
	if err := ways.Unreachable(way); err != nil {
		t.Errorf("it is not tried again after an hour of sleep: %v", err)
	}
	ways.Note(way, gone)
	if since, _ := ways.UnreachableSince(way); !since.After(s.since) {
		t.Error("nobody tried for an hour, and that counts as silence")
	}
}
