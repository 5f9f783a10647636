package database

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
	"gpk/test/apitest"
)

// One exec that breaks does not make a coordinator a dead one. Two in a row do, for a while, and after that one question is
// enough to see that it still is.
func TestCoordinatorAskedAgain(t *testing.T) {
	both := []string{"demo-coordinator-0", "demo-coordinator-1"}
	tests := map[string]struct {
		cut     int32
		healthy bool
		asked   int32
	}{
		"well":      {0, true, 1},
		"cut once":  {1, true, 2},
		"cut twice": {3, false, 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := apitest.New()
			for _, name := range both {
				pod := apitest.Pod(name, apitest.Runs(), true)
				pod.Labels[plan.ComponentLabel] = string(topology.CoordinatorComponent)
				a.Put(pod)
			}
			var asked atomic.Int32
			a.Exec = func(pod string, argv []string, _ io.Reader, out, errs io.Writer) int {
				if !slices.Contains(argv, "coordinator") {
					return 127
				}
				if pod == both[0] && asked.Add(1) <= test.cut {
					return apitest.Cut
				}
				fmt.Fprint(out, "marker initialised\nend\n")
				if pod == both[1] {
					fmt.Fprintln(errs, "psql: error: connection refused")
					return 2
				}
				fmt.Fprintln(out, "[]")
				return 0
			}
			c := clusterFor(t, apitest.Served(t, a))
			db, way := c.db, remote.ByExec(both[0])
			if acting, err := db.Acting(t.Context()); (err == nil) != test.healthy || err == nil && acting.Pod != both[0] || err != nil && !errors.Is(err, ErrNoCoordinator) {
				t.Errorf("acting in pod %q, error %v", acting.Pod, err)
			}
			if lost := c.remote.Ways.Unreachable(way); asked.Load() != test.asked || (lost == nil) != test.healthy {
				t.Errorf("asked %d times, lost by %v", asked.Load(), lost)
			}
			if test.healthy {
				return
			}
			for asks, healthy := range []bool{false, true} {
				c.remote.Ways.TryAgain(way)
				_, err := db.Acting(t.Context())
				if total := test.asked + int32(asks) + 1; (err == nil) != healthy || asked.Load() != total {
					t.Errorf("later: error %v after %d questions; want an answer %t after %d", err, asked.Load(), healthy, total)
				}
			}
		})
	}
}

// An API server that refuses to ask the pod for as long as gpk waits has not shown that its coordinator is dead.
func TestRefusedForLongIsNotUnreachable(t *testing.T) {
	for name, refusal := range map[string]error{
		"an expired token":     apierrors.NewUnauthorized("expired"),
		"too many requests":    apierrors.NewTooManyRequests("later", 0),
		"a server that starts": apierrors.NewServiceUnavailable("starting"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := apitest.New()
			pod := apitest.Pod("demo-coordinator-0", apitest.Runs(), true)
			pod.Labels[plan.ComponentLabel] = string(topology.CoordinatorComponent)
			a.Put(pod)
			a.FailWith(func(r *http.Request) error {
				if strings.HasSuffix(r.URL.Path, "/exec") {
					return refusal
				}
				return nil
			})
			c := clusterFor(t, apitest.Served(t, a))
			_, err := c.db.Acting(t.Context())
			if lost := c.remote.Ways.Unreachable(remote.ByExec(pod.Name)); !remote.Refused(err) || errors.Is(err, ErrNoCoordinator) || lost != nil {
				t.Errorf("error %v, unreachable: %v", err, lost)
			}
		})
	}
}

// An exec that the API server forbids says nothing about the coordinator: a failover would take it for a dead one.
func TestForbiddenIsNotUnreachable(t *testing.T) {
	a := apitest.New()
	pod := apitest.Pod("demo-coordinator-0", apitest.Runs(), true)
	pod.Labels[plan.ComponentLabel] = string(topology.CoordinatorComponent)
	a.Put(pod)
	a.As([]rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"list"}},
		{APIGroups: []string{""}, Resources: []string{"pods/exec"}, ResourceNames: []string{"another"}, Verbs: []string{"get", "create"}}})
	c := clusterFor(t, apitest.Served(t, a))
	_, err := c.db.Acting(t.Context())
	if unreachable := c.remote.Ways.Unreachable(remote.ByExec(pod.Name)); !remote.Refused(err) || errors.Is(err, ErrNoCoordinator) || unreachable != nil {
		t.Errorf("error %v, unreachable: %v", err, unreachable)
	}
}

// A kubelet whose certificate nobody has approved keeps gpk from its pod: the advice has both ways out.
func TestDoubtedKubeletIsAdvised(t *testing.T) {
	const name = "demo-coordinator-0"
	a := apitest.New()
	pod := apitest.Pod(name, apitest.Runs(), true)
	pod.Labels[plan.ComponentLabel] = string(topology.CoordinatorComponent)
	a.Put(pod)
	a.Fail = func(r *http.Request) error {
		if !strings.HasSuffix(r.URL.Path, "/exec") {
			return nil
		}
		return apierrors.NewInternalError(errors.New("error dialing backend: remote error: tls: internal error"))
	}
	_, err := clusterFor(t, apitest.Served(t, a)).db.Acting(t.Context())
	next, ok := errors.AsType[*engine.NextError](err)
	if !ok {
		t.Fatalf("error %v", err)
	}
	for _, words := range []string{"approve the kubelet's certificate", "make sure that its node is off, then `kubectl delete pod -n analytics " +
		name + " --force`"} {
		if !strings.Contains(next.Next.String(), words) {
			t.Errorf("%q is not in %q", words, next.Next)
		}
	}
}
