package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"

	"gpk/pkg/apply/engine"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestExplain(t *testing.T) {
	pods := schema.GroupResource{Resource: "pods"}
	leases := schema.GroupResource{Group: "coordination.k8s.io", Resource: "leases"}
	denied := apierrors.NewForbidden(leases, "demo-gpk",
		errors.New(`User "me" cannot get resource "leases" in API group "coordination.k8s.io" in the namespace "analytics"`))
	upgrade := errors.New(`unable to upgrade streaming request: pods "a" is forbidden: User "me" cannot get resource "pods/exec" in API group "" ` +
		`in the namespace "analytics"`)
	tests := []struct {
		name string
		err  error
		// says and next are parts of the error and of what to type; next is empty where nothing is known.
		says, next string
	}{
		{"a right", fmt.Errorf("lock: %w", denied), "lock: leases", "get leases.coordination.k8s.io in the namespace analytics; docs/rights.md"},
		{"two rights", errors.Join(denied, upgrade), "lease", "get leases.coordination.k8s.io in the namespace analytics, get pods/exec in the namespace analytics;"},
		{"an exec", upgrade, "pods/exec", "ask for the right to get pods/exec in the namespace analytics;"},
		{"a quota, which is no right", apierrors.NewForbidden(pods, "a", errors.New("exceeded quota: small")), "exceeded quota", ""},
		{"namespace", apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, "analytics"), `the namespace "analytics" does not exist`,
			"kubectl create namespace analytics`, or add --create-namespace"},
		{"another thing that is missing", apierrors.NewNotFound(pods, "a"), `pods "a" not found`, ""},
		{"credentials", apierrors.NewUnauthorized("Unauthorized"), "does not accept the credentials", "log in again"},
		{"nobody there", &url.Error{Op: "Get", URL: "https://x", Err: &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}},
			"cannot be reached: dial tcp: connection refused", "--context"},
		{"no such host", &url.Error{Op: "Get", URL: "https://x", Err: &net.DNSError{Err: "no such host", Name: "x"}}, "cannot be reached: lookup x: no such host", "--context"},
		{"a time limit", &url.Error{Op: "Get", URL: "https://x", Err: context.DeadlineExceeded}, "deadline", ""},
		{"another error", errors.New("gpinitsystem: exit status 2"), "gpinitsystem: exit status 2", ""},
	}
	t.Setenv("KUBECONFIG", t.TempDir()+"/none")
	a := newApp(streams{})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := a.explain(test.err)
			if !strings.Contains(err.Error(), test.says) {
				t.Errorf("%q is not in %q", test.says, err)
			}
			var known *engine.NextError
			if found := errors.As(err, &known); found != (test.next != "") || found && !strings.Contains(known.Next.String(), test.next) {
				t.Errorf("what to type next is %q, and not %q", next(exitFailed, err), test.next)
			}
		})
	}
	if a.explain(nil) != nil {
		t.Error("no error has become one")
	}
}
