package record

import (
	"context"
	"errors"
	"fmt"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
)

// A lock is valid for leaseDuration after its last renewal. Its holder renews it three times in that time, tries again at once where
// that fails, and stops before another gpk may take the lock.
const (
	leaseDuration = 15 * time.Second
	renewEvery    = leaseDuration / 3
	renewAgain    = time.Second
	renewUntil    = leaseDuration - 2*renewAgain
)

// LockedError means that another gpk is working on the cluster.
type LockedError struct {
	Holder string
	Since  time.Time
}

// Error names the holder.
func (e *LockedError) Error() string {
	since := ""
	if !e.Since.IsZero() {
		since = ", since " + e.Since.Local().Format(time.DateTime)
	}
	return fmt.Sprintf("another gpk is working on this cluster: %s%s; wait until it ends or stop it, and run the same command again",
		e.Holder, since)
}

// errLockLost ends what runs when the lock could not be renewed in time.
var errLockLost = fmt.Errorf("gpk could not renew its lock within %s, and another gpk may hold it now; "+
	"run the same command again to resume", renewUntil)

// Lock is the Lease by which one gpk at a time works on a cluster. gpk takes it over when nobody has renewed it for its duration, by
// this machine's clock alone: gpk never compares the clocks of two machines.
type Lock struct {
	kube   *kube.Client
	lease  *coordinationv1.Lease
	cancel context.CancelCauseFunc
	done   chan struct{}
}

// Acquire takes the lock, and waits at most a lease's duration for a holder that may be dead. The context that it returns ends when
// the lock is lost. It calls waiting with the holder that it waits for.
func (s *Store) Acquire(ctx context.Context, waiting func(holder string)) (*Lock, context.Context, error) {
	lease, asked, err := s.take(ctx, waiting)
	if err != nil {
		return nil, nil, err
	}
	held, cancel := context.WithCancelCause(ctx)
	l := &Lock{kube: s.kube, lease: lease, cancel: cancel, done: make(chan struct{})}
	go l.renew(held, asked)
	if time.Since(asked) >= renewUntil {
		// The answer came so late that another gpk may have taken the lease.
		cancel(errLockLost)
		_ = l.Release(false)
		return nil, nil, errLockLost
	}
	return l, held, nil
}

// take returns the lease that it has taken, and when it asked for it. The lease counts from then: nobody knows how much later the
// server wrote it. It waits for a holder that may be dead from when it saw the lease, which is later than the holder wrote it. So the
// holder has given up before its lease is taken, however long the server takes to answer. A lease that it finds in its own name is one that
// it has taken by a request whose answer was lost.
func (s *Store) take(ctx context.Context, waiting func(string)) (lease *coordinationv1.Lease, asked time.Time, err error) {
	var seen string // the lease's version, which changes with each renewal
	var deadline time.Time
	me := identity()
	for {
		lease, err := s.lease(ctx)
		if err != nil {
			return nil, asked, err
		}
		asked = time.Now()
		switch {
		case lease == nil, holder(lease) == "", holder(lease) == me, seen == lease.ResourceVersion && time.Now().After(deadline):
			lease, err := s.hold(ctx, lease, me)
			if err == nil {
				return lease, asked, nil
			}
			if !apierrors.IsConflict(err) && !apierrors.IsAlreadyExists(err) {
				return nil, asked, fmt.Errorf("lock: %w", err)
			}
		case seen == "":
			seen, deadline = lease.ResourceVersion, time.Now().Add(leaseDuration)
			waiting(holder(lease))
		case seen != lease.ResourceVersion:
			// A lease that somebody wrote by hand may not have the time.
			return nil, asked, &LockedError{holder(lease), ptr.Deref(lease.Spec.AcquireTime, metav1.MicroTime{}).Time}
		}
		if err := engine.Sleep(ctx, 500*time.Millisecond); err != nil {
			return nil, asked, err
		}
	}
}

// renew renews the lease, which counts from last, until ctx ends. It ends ctx itself when it has failed for too long.
func (l *Lock) renew(ctx context.Context, last time.Time) {
	defer close(l.done)
	pause := max(0, renewEvery-time.Since(last))
	for engine.Sleep(ctx, pause) == nil {
		began := time.Now()
		attempt, cancel := context.WithTimeout(ctx, min(renewEvery, renewUntil-began.Sub(last)))
		err := l.renewOnce(attempt)
		cancel()
		switch {
		case err == nil:
			last, pause = began, renewEvery
		case errors.Is(err, errLockLost), time.Since(last) >= renewUntil:
			l.cancel(errLockLost)
			return
		default:
			pause = renewAgain
		}
	}
}

func (l *Lock) renewOnce(ctx context.Context) error {
	renewed, err := l.update(ctx, l.lease)
	if apierrors.IsConflict(err) {
		// The server may have written an earlier renewal whose answer never came. When it did is unknown: gpk renews again.
		current, readErr := leases(l.kube).Get(ctx, l.lease.Name, metav1.GetOptions{})
		if err = readErr; err == nil {
			if holder(current) != holder(l.lease) {
				return errLockLost
			}
			renewed, err = l.update(ctx, current)
		}
	}
	if apierrors.IsNotFound(err) {
		return errLockLost
	}
	if err == nil {
		l.lease = renewed
	}
	return err
}

// update renews one version of the lease.
func (l *Lock) update(ctx context.Context, version *coordinationv1.Lease) (*coordinationv1.Lease, error) {
	next := version.DeepCopy()
	now := metav1.NowMicro()
	next.Spec.RenewTime = &now
	return leases(l.kube).Update(ctx, next, metav1.UpdateOptions{})
}

// Release gives the lock back, so that the next gpk need not wait. remove deletes the lease. It reads the lease again, since the server
// may have written a renewal that was interrupted.
func (l *Lock) Release(remove bool) error {
	l.cancel(nil)
	<-l.done
	ctx, cancel := context.WithTimeout(context.Background(), renewEvery)
	defer cancel()
	leases := leases(l.kube)
	lease, err := leases.Get(ctx, l.lease.Name, metav1.GetOptions{})
	switch {
	case err != nil:
	case holder(lease) != holder(l.lease):
		return nil
	case remove:
		err = leases.Delete(ctx, lease.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{ResourceVersion: &lease.ResourceVersion}})
	default:
		lease.Spec.HolderIdentity = nil
		_, err = leases.Update(ctx, lease, metav1.UpdateOptions{})
	}
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil
	}
	return err
}
