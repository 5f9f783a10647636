package kube

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/kubernetes/scheme"

	"gpk/pkg/apply/engine"
)

const (
	// patience is how long gpk sends a request again that fails for a moment: an API server restarts, etcd elects a leader, a proxy
	// loses its connections. It counts from the first failure, or from when nothing answered any request any more.
	patience = time.Minute
	// firstPatience counts instead until something has answered: the address may be wrong.
	firstPatience = 5 * time.Second
	// loginPatience and loginPause are for credentials that are refused. client-go renews an expired token when the server has refused it.
	loginPatience = 3 * time.Second
	loginPause    = time.Second
	// firstPause is that before the second attempt. Each next one is twice as long, up to longestPause.
	firstPause   = 100 * time.Millisecond
	longestPause = 2 * time.Second
	// toldAfter is how long a request fails before a person is told.
	toldAfter = 2 * time.Second
)

// patient sends requests again that failed for a moment, so that nobody concludes anything from that. Each request of gpk may be carried
// out twice, if only its answer was lost: it reads, applies, deletes, merges a patch, or replaces a version of its lease, and a second
// replacement is a conflict. It creates a namespace and a lease, which are then there, and image pods, which it deletes all together.
// Execs do not come here.
type patient struct {
	next  http.RoundTripper
	mutex sync.Mutex
	// heard: something has answered. silent is since when nothing has, and zero if the last request was answered.
	heard  bool
	silent time.Time
	// told is when a person was told of a cause.
	told map[string]time.Time
	tell func(why string)
}

// OnWait has tell called when gpk waits for the API server, once a minute for each cause.
func (k *Client) OnWait(tell func(why string)) {
	k.patient.mutex.Lock()
	defer k.patient.mutex.Unlock()
	k.patient.tell = engine.Serial(tell)
}

// RoundTrip sends a request until it is answered, or its patience or its context ends.
func (p *patient) RoundTrip(r *http.Request) (*http.Response, error) {
	var failed time.Time
	for attempt, pause := r, firstPause; ; pause = min(2*pause, longestPause) {
		answer, err := whole(r, p.next, attempt)
		silent, heard := p.note(answer != nil, r.Context().Err() != nil)
		why, limit := hiccup(r, answer, err)
		if why == "" {
			return answer, err
		}
		if failed.IsZero() {
			failed = time.Now()
		}
		since := failed
		if !silent.IsZero() && silent.Before(since) {
			since = silent
		}
		if !heard {
			limit = firstPatience
		}
		pause = max(pause, retryAfter(answer))
		again, unreadable := copyOf(r)
		if r.Context().Err() != nil || unreadable != nil || time.Since(since)+pause > limit {
			return givenUp(answer), err
		}
		p.waits(time.Since(since), limit, why)
		if err := engine.Sleep(r.Context(), pause); err != nil {
			return nil, r.Context().Err()
		}
		attempt = again
	}
}

// copyOf is a request with its body from the beginning.
func copyOf(r *http.Request) (*http.Request, error) {
	again := r.Clone(r.Context())
	if r.Body == nil || r.Body == http.NoBody {
		return again, nil
	}
	if r.GetBody == nil {
		return nil, errors.New("the body of the request cannot be read again")
	}
	var err error
	again.Body, err = r.GetBody()
	return again, err
}

// whole is an answer with all of its body, which the server may fail to send. Streams have no end.
func whole(r *http.Request, next http.RoundTripper, attempt *http.Request) (*http.Response, error) {
	answer, err := next.RoundTrip(attempt)
	stream := r.URL.Query().Get("watch") != "" || ofKubelet(r)
	if err != nil || stream && answer.StatusCode < http.StatusBadRequest {
		return answer, err
	}
	body, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	if err != nil {
		return nil, fmt.Errorf("the answer ended early: %w", err)
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer, nil
}

// ofKubelet says whether a request is about the log of a pod, which the API server fetches from a kubelet.
func ofKubelet(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/log") }

// hiccup is why a request has failed for a moment, and how long it is sent again. "" is an answer, or an error that will not pass.
func hiccup(r *http.Request, answer *http.Response, err error) (why string, limit time.Duration) {
	if err != nil {
		if passes(err) {
			why = err.Error()
		}
		return why, patience
	}
	switch answer.StatusCode {
	case http.StatusUnauthorized:
		return said(answer), loginPatience
	case http.StatusTooManyRequests:
		return said(answer), patience
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		if why := said(answer); !ofKubelet(r) && !strings.Contains(why, unmerged) {
			return why, patience
		}
	}
	return "", 0
}

// passes says whether an error of the network may be over in a moment. Certificates and names that are wrong stay wrong.
func passes(err error) bool {
	if name, ok := errors.AsType[*net.DNSError](err); ok {
		return name.IsTemporary || name.IsTimeout
	}
	if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "dial" {
		return true
	}
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout() || utilnet.IsConnectionReset(err) || utilnet.IsConnectionRefused(err) ||
		utilnet.IsProbableEOF(err) || utilnet.IsHTTP2ConnectionLost(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// said is the message of an answer that is an error, in JSON or protobuf. Its body can be read again.
func said(answer *http.Response) string {
	body, _ := io.ReadAll(answer.Body)
	answer.Body = io.NopCloser(bytes.NewReader(body))
	object, _, err := scheme.Codecs.UniversalDeserializer().Decode(body, nil, nil)
	if status, ok := object.(*metav1.Status); err == nil && ok && status.Message != "" {
		return status.Message
	}
	return "it answers " + answer.Status
}

// retryAfter is how long to wait at least before the next attempt: as long as the server asks for.
func retryAfter(answer *http.Response) time.Duration {
	switch {
	case answer == nil:
		return 0
	case answer.StatusCode == http.StatusUnauthorized:
		return loginPause
	}
	seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After"))
	return time.Duration(seconds) * time.Second
}

// givenUp is an answer that client-go does not ask for again.
func givenUp(answer *http.Response) *http.Response {
	if answer != nil {
		answer.Header.Del("Retry-After")
	}
	return answer
}

// note notes whether something answers. A request that its caller cancelled tells nothing. silent is since when nothing does, heard whether
// something ever has.
func (p *patient) note(answered, cancelled bool) (silent time.Time, heard bool) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	switch {
	case answered:
		p.heard, p.silent = true, time.Time{}
	case p.silent.IsZero() && !cancelled:
		p.silent = time.Now()
	}
	return p.silent, p.heard
}

// waits tells a person why gpk waits.
func (p *patient) waits(passed, limit time.Duration, why string) {
	p.mutex.Lock()
	tell, now := p.tell, time.Now()
	if last, told := p.told[why]; tell == nil || passed < toldAfter || told && now.Sub(last) < patience {
		p.mutex.Unlock()
		return
	}
	if p.told == nil {
		p.told = map[string]time.Time{}
	}
	p.told[why] = now
	p.mutex.Unlock()
	tell(fmt.Sprintf("gpk waits up to %s for the API server: %s", limit, why))
}
