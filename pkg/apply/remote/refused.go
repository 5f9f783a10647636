package remote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/streaming/pkg/httpstream"
)

// RefusedError is an exec that the API server did not take, or that did not come as far as the API server: a token has expired, a right is
// missing, a proxy is in the way. It is no evidence about the pod, which nobody has asked.
type RefusedError struct {
	Pod string
	Err error
	// begun: somebody got the request and may have passed it on, so that the command may have begun.
	begun bool
}

// Error names the pod.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("the API server did not let gpk ask pod %s: %v", e.Pod, e.Err)
}

// Unwrap gives the cause.
func (e *RefusedError) Unwrap() error { return e.Err }

// Passing says whether the API server may take the exec in a moment.
func (e *RefusedError) Passing() bool { return notBegun(e.Err) }

// KubeletDoubted says whether the API server did not trust the certificate of the pod's kubelet, or the kubelet has none: it is often a
// signing request that nobody has approved. exec and logs fail then, and all else works.
func KubeletDoubted(err error) bool { return Refused(err) && kubeletDoubted.MatchString(err.Error()) }

var kubeletDoubted = regexp.MustCompile(`(?i)error dialing backend.*(tls:|x509:)`)

// Refused says whether the API server did not let gpk ask the pod. Nobody may conclude anything about the pod from such an error.
func Refused(err error) bool {
	_, refused := errors.AsType[*RefusedError](err)
	return refused
}

// MayHaveBegun says whether the command of an exec that failed may run, or may have run. Only an exit status and a refusal are certain.
func MayHaveBegun(err error) bool {
	if refused, ok := errors.AsType[*RefusedError](err); ok {
		return refused.begun
	}
	_, exited := errors.AsType[*Error](err)
	return err != nil && !exited
}

// notBegun says whether the API server was not reached, or has refused the request for the moment: too many of them, an expired token, or
// a server or a proxy before it that is not available.
func notBegun(err error) bool {
	if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "dial" {
		return true
	}
	return refusedForNow(err)
}

// unavailable is in the error of a WebSocket that a proxy has refused in words of its own. client-go has only the words.
const unavailable = "bad handshake (503 "

// passedOn are in a proxy's words about a request that it had passed on before the connection behind it broke, as Envoy's "upstream connect
// error or disconnect/reset before headers". The API server may have begun the command.
var passedOn = regexp.MustCompile(`(?i)reset|disconnect|terminat|timeout|timed out|closed`)

func refusedForNow(err error) bool {
	upgrade, ok := errors.AsType[*httpstream.UpgradeFailureError](err)
	if !ok {
		return false
	}
	if apierrors.IsTooManyRequests(upgrade.Cause) || apierrors.IsUnauthorized(upgrade.Cause) || apierrors.IsServiceUnavailable(upgrade.Cause) {
		return true
	}
	text := upgrade.Cause.Error()
	return strings.Contains(text, unavailable) && !passedOn.MatchString(text)
}

// byGateway says whether a proxy has answered in words of its own, with a status for what is behind it: 502, 503, 504 and others. It may
// have passed the request on, so no other protocol may send the command again. 500 and 501 are those of a server that knows no WebSockets.
func byGateway(err error) bool {
	_, status, refused := strings.Cut(err.Error(), "bad handshake (5")
	return refused && !strings.HasPrefix(status, "00 ") && !strings.HasPrefix(status, "01 ")
}

// aboutThePod are in the answers of an API server that has tried to reach the pod's kubelet, or has found no such pod, and in those of a
// kubelet. client-go has only the words.
var aboutThePod = regexp.MustCompile(`(?i)error dialing backend|container not found|pod does not exist|` +
	`does not have a host assigned|" not found|rpc error: code =`)

// besideThePod are in the answers of an API server that did not come as far as the pod's kubelet, or that this kubelet did not convince:
// a tunnel to the nodes without an agent, and certificates.
var besideThePod = regexp.MustCompile(`(?i)error dialing backend.*(no agent available|tls:|x509:)`)

// unasked says whether an exec failed before anybody could tell something about the pod. A context that ends after the API server was
// reached is silence. Newer API servers give an exec its stream before they reach for the kubelet.
func unasked(err error, taken bool) bool {
	if taken {
		return besideThePod.MatchString(err.Error())
	}
	if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "dial" {
		return true
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	if readTimeout(err) {
		return false
	}
	text := err.Error()
	about := apierrors.IsNotFound(causeOf(err)) || apierrors.IsBadRequest(causeOf(err)) || aboutThePod.MatchString(text)
	return !about || besideThePod.MatchString(text)
}

// readTimeout says whether an answer did not come in time. A connection's time may be over a moment before its context's is.
func readTimeout(err error) bool {
	network, ok := errors.AsType[*net.OpError](err)
	return ok && network.Op == "read" && network.Timeout()
}

// certainlyNotBegun says whether nobody can have begun the command of an exec without a stream: the API server was not reached, or has
// refused the exec itself.
func certainlyNotBegun(err error) bool {
	return notBegun(err) || apierrors.IsForbidden(causeOf(err)) || strings.Contains(err.Error(), "forbidden")
}

// causeOf is the API server's answer, if the error has one.
func causeOf(err error) error {
	if upgrade, ok := errors.AsType[*httpstream.UpgradeFailureError](err); ok {
		return upgrade.Cause
	}
	return err
}

// upgrades notes whether the API server has taken an exec: from then on its stream belongs to the pod's kubelet.
type upgrades struct {
	next  http.RoundTripper
	taken *bool
}

// RoundTrip hands a request on. The client of WebSockets has an error for everything that is no upgrade, the one of SPDY an answer. Neither
// ends with its context while an API server that was reached does not answer.
func (u upgrades) RoundTrip(r *http.Request) (*http.Response, error) {
	type reply struct {
		answer *http.Response
		err    error
	}
	replied := make(chan reply, 1)
	go func() {
		answer, err := u.next.RoundTrip(r) //nolint:bodyclose // whoever gets the answer closes it
		replied <- reply{answer, err}
	}()
	select {
	case got := <-replied:
		*u.taken = *u.taken || got.err == nil && got.answer.StatusCode == http.StatusSwitchingProtocols
		return got.answer, got.err
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}
