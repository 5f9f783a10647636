package record

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/test/apitest"
)

func lease(a *apitest.API) *coordinationv1.Lease {
	found, _ := a.Get("leases", "demo-gpk").(*coordinationv1.Lease)
	return found
}

// nobody is a waiting callback for where nobody is to be waited for.
func nobody(t *testing.T) func(string) {
	return func(holder string) { t.Errorf("it waits for %q", holder) }
}

func held(t *testing.T, target *cluster) (*Lock, context.Context) {
	t.Helper()
	l, ctx, err := target.store.Acquire(t.Context(), nobody(t))
	if err != nil {
		t.Fatal(err)
	}
	return l, ctx
}

func TestLockTakenAndGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := apitest.New()
		first, ctx := held(t, clusterFor(t, apitest.ConfigOf(a)))
		if by := holder(lease(a)); !strings.Contains(by, ", pid ") {
			t.Errorf("the lease is held by %q", by)
		}
		// It is renewed for as long as it is held.
		for range 20 {
			before := lease(a).Spec.RenewTime.Time
			time.Sleep(renewEvery + time.Millisecond)
			if !lease(a).Spec.RenewTime.After(before) {
				t.Fatal("the lease is not renewed")
			}
		}
		if ctx.Err() != nil {
			t.Errorf("the run was ended: %v", context.Cause(ctx))
		}
		if err := first.Release(false); err != nil {
			t.Fatal(err)
		}
		if holder(lease(a)) != "" {
			t.Error("the lease was not given back")
		}
		// The next one need not wait.
		start := time.Now()
		second, _ := held(t, clusterFor(t, apitest.ConfigOf(a)))
		if took := time.Since(start); took > 0 {
			t.Errorf("it waited %s for a lease that nobody held", took)
		}
		if err := second.Release(true); err != nil || lease(a) != nil {
			t.Errorf("the lease of a cluster that is no more is left: %v", err)
		}
	})
}

// A second gpk is told who works on the cluster, and since when, as soon as that one shows that it lives.
func TestLockHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := apitest.New()
		first, _ := held(t, clusterFor(t, apitest.ConfigOf(a)))
		since := time.Now()
		time.Sleep(time.Minute)
		var waitedFor string
		start := time.Now()
		_, _, err := clusterFor(t, apitest.ConfigOf(a)).store.Acquire(t.Context(), func(holder string) { waitedFor = holder })
		var locked *LockedError
		if !errors.As(err, &locked) {
			t.Fatalf("error %v, want LockedError", err)
		}
		if locked.Holder != holder(lease(a)) || waitedFor != locked.Holder || locked.Since.Sub(since).Abs() > time.Second {
			t.Errorf("held by %q since %s, waited for %q; want %q since %s", locked.Holder, locked.Since, waitedFor, holder(lease(a)), since)
		}
		if took := time.Since(start); took > renewEvery+time.Second {
			t.Errorf("it took %s to see that the holder lives", took)
		}
		if err := first.Release(false); err != nil {
			t.Fatal(err)
		}
	})
}

// A holder that died is given the lease's duration, by the clock of the one that waits: the dead one's clock may be wrong.
func TestLockTakenOver(t *testing.T) {
	for name, skew := range map[string]time.Duration{"its clock was right": 0, "its clock was ahead": 24 * time.Hour, "its clock was behind": -24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := apitest.New()
				then := metav1.NewMicroTime(time.Now().Add(skew))
				a.Put(&coordinationv1.Lease{ObjectMeta: apitest.Meta("demo-gpk", "demo"),
					Spec: coordinationv1.LeaseSpec{HolderIdentity: new("dead"), AcquireTime: &then, RenewTime: &then}})
				start := time.Now()
				var waitedFor string
				l, _, err := clusterFor(t, apitest.ConfigOf(a)).store.Acquire(t.Context(), func(holder string) { waitedFor = holder })
				if err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start); took < leaseDuration || took > leaseDuration+time.Second || waitedFor != "dead" {
					t.Errorf("taken over from %q after %s", waitedFor, took)
				}
				if err := l.Release(false); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

// Of two that wait for a dead one, one gets the lock.
func TestLockTakenOverOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := apitest.New()
		a.Put(&coordinationv1.Lease{ObjectMeta: apitest.Meta("demo-gpk", "demo"), Spec: coordinationv1.LeaseSpec{HolderIdentity: new("dead")}})
		var taken, refused atomic.Int32
		for range 5 {
			go func() {
				l, _, err := clusterFor(t, apitest.ConfigOf(a)).store.Acquire(t.Context(), func(string) {})
				var locked *LockedError
				switch {
				case err == nil:
					taken.Add(1)
					time.Sleep(time.Minute)
					_ = l.Release(false)
				case errors.As(err, &locked):
					refused.Add(1)
				default:
					t.Errorf("error %v", err)
				}
			}()
		}
		time.Sleep(50 * time.Second)
		if taken.Load() != 1 || refused.Load() != 4 {
			t.Errorf("%d hold the lock and %d were refused", taken.Load(), refused.Load())
		}
		time.Sleep(time.Minute)
	})
}

// A lease that somebody has edited by hand says less, and is held all the same.
func TestLockWrittenByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := apitest.New()
		a.Put(&coordinationv1.Lease{ObjectMeta: apitest.Meta("demo-gpk", "demo"), Spec: coordinationv1.LeaseSpec{HolderIdentity: new("me")}})
		go func() {
			time.Sleep(time.Second)
			a.Put(&coordinationv1.Lease{ObjectMeta: apitest.Meta("demo-gpk", "demo"), Spec: coordinationv1.LeaseSpec{HolderIdentity: new("me")}})
		}()
		_, _, err := clusterFor(t, apitest.ConfigOf(a)).store.Acquire(t.Context(), func(string) {})
		var locked *LockedError
		if !errors.As(err, &locked) || locked.Holder != "me" || strings.Contains(err.Error(), "since 0001") {
			t.Errorf("error %v", err)
		}
	})
}

// Whoever lost the lock stops before another one can have it.
func TestLockLost(t *testing.T) {
	tests := map[string]struct {
		lose  func(a *apitest.API)
		after time.Duration
	}{
		"taken over": {func(a *apitest.API) {
			a.Put(&coordinationv1.Lease{ObjectMeta: apitest.Meta("demo-gpk", "demo"), Spec: coordinationv1.LeaseSpec{HolderIdentity: new("another")}})
		}, renewEvery},
		"deleted": {func(a *apitest.API) {
			a.Mutex.Lock()
			defer a.Mutex.Unlock()
			delete(a.Objects, "leases/demo-gpk")
		}, renewEvery},
		"no API server": {func(a *apitest.API) {
			a.FailWith(func(*http.Request) error { return apierrors.NewServiceUnavailable("gone") })
		}, leaseDuration - 1},
		"an API server that hangs": {func(a *apitest.API) {
			a.FailWith(func(r *http.Request) error { <-r.Context().Done(); return r.Context().Err() })
		}, leaseDuration - 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := apitest.New()
				l, ctx := held(t, clusterFor(t, apitest.ConfigOf(a)))
				test.lose(a)
				start := time.Now()
				<-ctx.Done()
				if took := time.Since(start); took > test.after {
					t.Errorf("it went on for %s without the lock", took)
				}
				if cause := context.Cause(ctx); !errors.Is(cause, errLockLost) {
					t.Errorf("it was ended by %v", cause)
				}
				a.FailWith(nil)
				if err := l.Release(false); err != nil {
					t.Errorf("giving back what is lost: %v", err)
				}
				if now := lease(a); now != nil && name == "taken over" && holder(now) != "another" {
					t.Error("the other one's lock was given back")
				}
			})
		})
	}
}

// One failed renewal is no loss.
func TestLockSurvivesHiccup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := apitest.New()
		l, ctx := held(t, clusterFor(t, apitest.ConfigOf(a)))
		var failed atomic.Bool
		a.FailWith(func(*http.Request) error {
			if failed.CompareAndSwap(false, true) {
				return apierrors.NewInternalError(errors.New("hiccup"))
			}
			return nil
		})
		time.Sleep(4 * leaseDuration)
		if ctx.Err() != nil {
			t.Errorf("it was ended by %v", context.Cause(ctx))
		}
		if err := l.Release(false); err != nil {
			t.Fatal(err)
		}
	})
}

// slow is an API server whose answers to some requests are late, though it has done as asked.
type slow struct {
	next http.RoundTripper
	late func(r *http.Request) time.Duration
}

func (s slow) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := s.next.RoundTrip(r)
	time.Sleep(s.late(r))
	return answer, err
}

func slowly(t *testing.T, a *apitest.API, late func(r *http.Request) time.Duration) *cluster {
	config := apitest.ConfigOf(a)
	config.Transport = slow{config.Transport, late}
	return clusterFor(t, config)
}

// A holder that lives keeps the lock, however slow the server is for the one that waits.
func TestLockSlowFirstLook(t *testing.T) {
	for _, late := range []time.Duration{leaseDuration - time.Second, leaseDuration + time.Second, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			a := apitest.New()
			first, ctx := held(t, clusterFor(t, apitest.ConfigOf(a)))
			time.Sleep(100 * time.Millisecond)
			var looks atomic.Int32
			a.FailWith(func(r *http.Request) error {
				if r.Method == http.MethodGet && looks.Add(1) == 1 {
					time.Sleep(late)
				}
				return nil
			})
			_, _, err := clusterFor(t, apitest.ConfigOf(a)).store.Acquire(t.Context(), func(string) {})
			var locked *LockedError
			if !errors.As(err, &locked) || ctx.Err() != nil {
				t.Errorf("with an answer after %s: error %v, and the holder's run: %v", late, err, context.Cause(ctx))
			}
			if err := first.Release(false); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// Who learns late that it has taken the lock has renewed it in time, or does not have it: never do two work at once.
func TestLockLateAnswer(t *testing.T) {
	for _, late := range []time.Duration{renewEvery - 1, renewEvery + 1, renewUntil - 1, renewUntil, leaseDuration, 2 * leaseDuration} {
		synctest.Test(t, func(t *testing.T) {
			a := apitest.New()
			first := slowly(t, a, func(r *http.Request) time.Duration {
				if r.Method == http.MethodPost {
					return late
				}
				return 0
			})
			var working atomic.Int32
			work := func(target *cluster) error {
				l, ctx, err := target.store.Acquire(t.Context(), func(string) {})
				if err != nil {
					return err
				}
				if working.Add(1) > 1 {
					t.Errorf("with an answer after %s, two have the lock", late)
				}
				stop := context.AfterFunc(ctx, func() { working.Add(-1) })
				time.Sleep(time.Minute)
				if stop() {
					working.Add(-1)
				}
				return l.Release(false)
			}
			done := make(chan error, 1)
			go func() { done <- work(first) }()
			time.Sleep(100 * time.Millisecond)
			other := work(clusterFor(t, apitest.ConfigOf(a)))
			err := <-done
			var locked *LockedError
			if inTime := late < renewUntil; inTime && (err != nil || !errors.As(other, &locked)) || !inTime && (!errors.Is(err, errLockLost) || other != nil) {
				t.Errorf("with an answer after %s: error %v; the other one's %v", late, err, other)
			}
		})
	}
}

// forgetful is a network that loses the answer to the first request of a method, which the server has carried out.
type forgetful struct {
	next   http.RoundTripper
	method string
	lost   *atomic.Bool
}

func (f forgetful) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := f.next.RoundTrip(r)
	if r.Method == f.method && f.lost.CompareAndSwap(false, true) {
		return nil, syscall.ECONNRESET
	}
	return answer, err
}

// Who never heard that it has taken the lock finds itself as the holder, and need not wait until it is taken for dead.
func TestLockTakenUnheard(t *testing.T) {
	for _, method := range []string{http.MethodPost, http.MethodPut} {
		synctest.Test(t, func(t *testing.T) {
			a := apitest.New()
			if method == http.MethodPut {
				a.Put(&coordinationv1.Lease{ObjectMeta: apitest.Meta("demo-gpk", "demo")})
			}
			config := apitest.ConfigOf(a)
			config.Transport = forgetful{config.Transport, method, new(atomic.Bool)}
			began := time.Now()
			l, _ := held(t, clusterFor(t, config))
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("%s: it took %s", method, took)
			}
			if err := l.Release(false); err != nil || holder(lease(a)) != "" {
				t.Errorf("%s: error %v, held by %q", method, err, holder(lease(a)))
			}
		})
	}
}

// A renewal whose answer never came renews nothing by being found: who has seen it counts from then.
func TestLockRenewedAfterConflict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := apitest.New()
		l, ctx := held(t, clusterFor(t, apitest.ConfigOf(a)))
		a.Put(lease(a).DeepCopy())
		before := lease(a).Spec.RenewTime.Time
		time.Sleep(renewEvery + time.Millisecond)
		if now := lease(a).Spec.RenewTime; ctx.Err() != nil || !now.After(before) {
			t.Errorf("renewed at %s, and not since; the run: %v", now, context.Cause(ctx))
		}
		if err := l.Release(false); err != nil {
			t.Fatal(err)
		}
	})
}

func TestLockInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := apitest.New()
		a.Put(&coordinationv1.Lease{ObjectMeta: apitest.Meta("demo-gpk", "demo"), Spec: coordinationv1.LeaseSpec{HolderIdentity: new("another")}})
		interrupted := errors.New("interrupted")
		ctx, cancel := context.WithCancelCause(t.Context())
		_, _, err := clusterFor(t, apitest.ConfigOf(a)).store.Acquire(ctx, func(string) { cancel(interrupted) })
		if !errors.Is(err, interrupted) {
			t.Errorf("error %v", err)
		}
	})
}

func TestLockForbidden(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := apitest.New()
		a.FailWith(func(*http.Request) error {
			return apierrors.NewForbidden(coordinationv1.Resource("leases"), "demo-gpk", errors.New("no rights"))
		})
		if _, _, err := clusterFor(t, apitest.ConfigOf(a)).store.Acquire(t.Context(), nobody(t)); err == nil || !strings.Contains(err.Error(), "lock: ") || !strings.Contains(err.Error(), "leases") {
			t.Errorf("error %v, want one that names what is forbidden", err)
		}
	})
}
