package kube

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"

	"gpk/test/apitest"
)

// faulty is an API server, and a network to it that may fail.
type faulty struct {
	next http.RoundTripper
	// fails is the answer or the error of a request, both nil for the server's own answer. done: the server has carried it out before.
	fails func(r *http.Request) (answer *http.Response, err error)
	done  bool
	// attempts are the requests, and when they came.
	attempts []string
	times    []time.Time
}

func (f *faulty) RoundTrip(r *http.Request) (*http.Response, error) {
	f.attempts, f.times = append(f.attempts, r.Method), append(f.times, time.Now())
	answer, err := f.fails(r)
	if answer == nil && err == nil {
		return f.next.RoundTrip(r)
	}
	if f.done {
		_, _ = f.next.RoundTrip(r)
	}
	return answer, err
}

func refused() error {
	return &net.OpError{Op: "dial", Net: "tcp", Err: fmt.Errorf("connect: %w", syscall.ECONNREFUSED)}
}

func answers(code int, message string) *http.Response {
	body := fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","status":"Failure","code":%d,"message":%q}`, code, message)
	if message == "" {
		body = "<html>"
	}
	return &http.Response{StatusCode: code, Status: fmt.Sprintf("%d %s", code, http.StatusText(code)), Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(body))}
}

// asProtobuf is an answer as a server gives it to gpk's typed client.
func asProtobuf(code int, message string) *http.Response {
	r := answers(code, message)
	var body bytes.Buffer
	status := &metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: metav1.StatusFailure, Message: message, Code: int32(code)}
	if err := protobuf.NewSerializer(scheme.Scheme, scheme.Scheme).Encode(status, &body); err != nil {
		panic(err)
	}
	r.Header.Set("Content-Type", "application/vnd.kubernetes.protobuf")
	r.Body = io.NopCloser(&body)
	return r
}

// broken is an answer that ends before its end.
func broken() *http.Response {
	r := answers(http.StatusOK, "")
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader("{"), cutReader{}))
	return r
}

type cutReader struct{}

func (cutReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// through is a client behind a network that fails for a time, from when it has reached the server once.
func through(t *testing.T, a *apitest.API, heard bool, lasts time.Duration, fails func() (*http.Response, error)) (*Client, *faulty) {
	t.Helper()
	config := apitest.ConfigOf(a)
	f := &faulty{next: config.Transport, fails: func(*http.Request) (*http.Response, error) { return nil, nil }}
	config.Transport = f
	k, err := New(config, apitest.Ref)
	if err != nil {
		t.Fatal(err)
	}
	if heard {
		if _, err := k.All(t.Context(), "Service"); err != nil {
			t.Fatal(err)
		}
	}
	until := time.Now().Add(lasts)
	f.attempts, f.times = nil, nil
	f.fails = func(*http.Request) (*http.Response, error) {
		if time.Now().After(until) {
			return nil, nil
		}
		return fails()
	}
	return k, f
}

// What passes within a minute is waited for, and nobody is bothered with it, whatever is asked. What does not pass is told at once.
func TestHiccups(t *testing.T) {
	failing := map[string]func() (*http.Response, error){
		"connection refused":  func() (*http.Response, error) { return nil, refused() },
		"connection reset":    func() (*http.Response, error) { return nil, &net.OpError{Op: "read", Err: syscall.ECONNRESET} },
		"a broken answer":     func() (*http.Response, error) { return broken(), nil },
		"no answer":           func() (*http.Response, error) { return nil, io.EOF },
		"a leader is elected": func() (*http.Response, error) { return answers(500, "etcdserver: leader changed"), nil },
		"too many requests":   func() (*http.Response, error) { return answers(429, "later"), nil },
		"a proxy's word":      func() (*http.Response, error) { return answers(502, ""), nil },
		"not available":       func() (*http.Response, error) { return answers(503, "starting"), nil },
		"a timeout":           func() (*http.Response, error) { return answers(504, "etcd"), nil },
	}
	asks := map[string]func(context.Context, *Client) error{
		"list": func(ctx context.Context, k *Client) error { _, err := k.All(ctx, "Service"); return err },
		"apply": func(ctx context.Context, k *Client) error {
			_, err := k.Apply(ctx, &corev1.Service{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Service"}, ObjectMeta: apitest.Meta("demo", "demo")}, Manager, false)
			return err
		},
		"delete": func(ctx context.Context, k *Client) error {
			return k.Delete(ctx, "Service", &metav1.ObjectMeta{Name: "old", UID: "old"}, metav1.DeleteOptions{})
		},
		"create": MakeNamespace,
	}
	for what, fails := range failing {
		for how, ask := range asks {
			for _, done := range []bool{false, true} {
				t.Run(fmt.Sprint(what, " ", how, " ", done), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						k, f := through(t, apitest.New(), true, 40*time.Second, fails)
						f.done = done
						var told []string
						k.OnWait(func(why string) { told = append(told, why) })
						if err := ask(t.Context(), k); err != nil {
							t.Errorf("%v after %d attempts", err, len(f.attempts))
						}
						if len(f.attempts) < 10 || len(f.attempts) > 40 {
							t.Errorf("%d attempts in 40 s", len(f.attempts))
						}
						if len(told) != 1 || !strings.HasPrefix(told[0], "gpk waits up to 1m0s for the API server: ") {
							t.Errorf("told %q", told)
						}
					})
				})
			}
		}
	}
}

// A wait for the API server has an end, and what is certain is told without one.
func TestHiccupsEnd(t *testing.T) {
	for name, test := range map[string]struct {
		heard bool
		fails func() (*http.Response, error)
		ends  time.Duration
		says  string
	}{
		"it does not come back": {true, func() (*http.Response, error) { return nil, refused() }, patience, "refused"},
		"a webhook stays away":  {true, func() (*http.Response, error) { return answers(500, "failed calling webhook"), nil }, patience, "webhook"},
		"it asks to come later": {true, func() (*http.Response, error) {
			r := answers(429, "later")
			r.Header.Set("Retry-After", "7")
			return r, nil
		}, patience, "later"},
		"nobody was ever there":   {false, func() (*http.Response, error) { return nil, refused() }, firstPatience, "refused"},
		"a wrong password":        {true, func() (*http.Response, error) { return answers(401, "Unauthorized"), nil }, loginPatience, "Unauthorized"},
		"no right":                {true, func() (*http.Response, error) { return answers(403, "no right"), nil }, 0, "no right"},
		"not there":               {true, func() (*http.Response, error) { return answers(404, "not there"), nil }, 0, "not there"},
		"what cannot be merged":   {true, func() (*http.Response, error) { return answers(500, unmerged+" (x)"), nil }, 0, unmerged},
		"the same, in protobuf":   {true, func() (*http.Response, error) { return asProtobuf(500, unmerged+" (x)"), nil }, 0, unmerged},
		"a webhook, in protobuf":  {true, func() (*http.Response, error) { return asProtobuf(500, "failed calling webhook"), nil }, patience, "webhook"},
		"a wrong certificate":     {true, func() (*http.Response, error) { return nil, errors.New("x509: unknown authority") }, 0, "x509"},
		"a name that nobody has":  {true, func() (*http.Response, error) { return nil, &net.DNSError{Err: "no such host", IsNotFound: true} }, 0, "no such host"},
		"connections always drop": {true, func() (*http.Response, error) { return nil, &net.OpError{Op: "read", Err: syscall.ECONNRESET} }, patience, "reset"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k, _ := through(t, apitest.New(), test.heard, time.Hour, test.fails)
				began := time.Now()
				_, err := k.All(t.Context(), "Service")
				if err == nil || !strings.Contains(err.Error(), test.says) {
					t.Errorf("error %v", err)
				}
				// client-go tries ten times itself where a connection drops.
				if took := time.Since(began); took > test.ends+12*time.Second || took < test.ends*7/8-2*time.Second {
					t.Errorf("it ended after %s, want %s", took, test.ends)
				}
			})
		})
	}
}

// An expired token is renewed when it has been refused, and nobody sees that.
func TestExpiredToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, f := through(t, apitest.New(), true, 500*time.Millisecond, func() (*http.Response, error) { return answers(401, "Unauthorized"), nil })
		if _, err := k.All(t.Context(), "Service"); err != nil || len(f.attempts) != 2 {
			t.Errorf("error %v after %d attempts", err, len(f.attempts))
		}
	})
}

// An interrupt ends a wait for the API server at once.
func TestHiccupInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, _ := through(t, apitest.New(), true, time.Hour, func() (*http.Response, error) { return nil, refused() })
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Second, cancel)
		began := time.Now()
		if _, err := k.All(ctx, "Service"); !errors.Is(err, context.Canceled) || time.Since(began) != 10*time.Second {
			t.Errorf("error %v after %s", err, time.Since(began))
		}
	})
}

// A second of two questions is not waited for again where the first has waited in vain.
func TestHiccupsAddUpOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, _ := through(t, apitest.New(), true, time.Hour, func() (*http.Response, error) { return nil, refused() })
		_, _ = k.All(t.Context(), "Service")
		began := time.Now()
		if _, err := k.All(t.Context(), "Service"); err == nil || time.Since(began) > time.Second {
			t.Errorf("error %v after %s", err, time.Since(began))
		}
	})
}

// A watch is not read to its end, which it does not have.
func TestStreamsPass(t *testing.T) {
	a := apitest.New()
	k, err := New(apitest.Served(t, a), apitest.Ref)
	if err != nil {
		t.Fatal(err)
	}
	watch, err := k.API.CoreV1().Services(apitest.Ref.Namespace).Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer watch.Stop()
	a.Put(&corev1.Service{ObjectMeta: apitest.Meta("demo", "demo")})
	if event := <-watch.ResultChan(); event.Type != "ADDED" || apierrors.FromObject(event.Object) == nil {
		t.Errorf("%+v", event)
	}
}
