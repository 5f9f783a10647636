package record

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"
	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/plan"
)

// A lock is believed for leaseDuration after its last renewal and renewed three times in that time. A renewal that fails is
// tried again at once, and its holder stops before anybody else may believe the lock to be free.
const (
	leaseDuration = 15 * time.Second
	renewEvery    = leaseDuration / 3
	renewAgain    = time.Second
	renewUntil    = leaseDuration - 2*renewAgain
)

// LockedError says that another gpk works on the cluster.
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
	return fmt.Sprintf("another gpk works on this cluster: %s%s; wait for it, or end it, and run this again", e.Holder, since)
}

// errLockLost ends what runs when the lock could not be renewed in time.
var errLockLost = errors.New("the lock could not be renewed in time and another gpk may hold it now; run this again to resume")

// Lock is the Lease by which one gpk at a time works on a cluster. It is taken over when nobody has renewed it for its
// duration, by this machine's clock alone: clocks of different machines are never compared.
type Lock struct {
	kube   *kube.Client
	lease  *coordinationv1.Lease
	cancel context.CancelCauseFunc
	done   chan struct{}
}

func leaseName(cluster string) string { return cluster + "-gpk" }

// Acquire takes the lock, waiting at most a lease's duration for a holder that may be dead. The context that it returns
// ends when the lock is lost. waiting is told whom it waits for.
func (s *Store) Acquire(ctx context.Context, waiting func(holder string)) (*Lock, context.Context, error) {
	lease, asked, err := s.take(ctx, waiting)
	if err != nil {
		return nil, nil, err
	}
	held, cancel := context.WithCancelCause(ctx)
	l := &Lock{kube: s.kube, lease: lease, cancel: cancel, done: make(chan struct{})}
	go l.renew(held, asked)
	if time.Since(asked) >= renewUntil {
		// The answer was so late that the lease may be another gpk's by now.
		cancel(errLockLost)
		_ = l.Release(false)
		return nil, nil, errLockLost
	}
	return l, held, nil
}

// take returns the lease that it has taken, and when it asked for it. The lease counts from then, since nobody knows how much
// later the server wrote it. A holder that may be dead is waited for from when its lease was seen, which is later than that was
// written: however long the server takes to answer, the holder has given up before its lease is taken.
func (s *Store) take(ctx context.Context, waiting func(string)) (lease *coordinationv1.Lease, asked time.Time, err error) {
	leases := s.kube.API.CoordinationV1().Leases(s.kube.Ref.Namespace)
	var seen string
	var deadline time.Time
	for {
		lease, err := leases.Get(ctx, leaseName(s.kube.Ref.Name), metav1.GetOptions{})
		if err == nil {
			// Somebody else's is neither waited for nor taken over, whoever holds it.
			if err := kube.Refuse(s.kube.Foreign("Lease", lease)); err != nil {
				return nil, asked, err
			}
		}
		asked = time.Now()
		switch {
		case apierrors.IsNotFound(err):
			lease = &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: leaseName(s.kube.Ref.Name), Labels: plan.Labels(s.kube.Ref.Name)}}
			hold(lease)
			lease, err = leases.Create(ctx, lease, metav1.CreateOptions{})
		case err == nil && (holder(lease) == "" || seen == renewal(lease) && time.Now().After(deadline)):
			hold(lease)
			lease, err = leases.Update(ctx, lease, metav1.UpdateOptions{})
		case err == nil && seen == "":
			seen, deadline = renewal(lease), time.Now().Add(leaseDuration)
			waiting(holder(lease))
			err = errHeld
		case err == nil && seen != renewal(lease):
			return nil, asked, lockedBy(lease)
		case err == nil:
			err = errHeld
		}
		switch {
		case err == nil:
			return lease, asked, nil
		case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err), errors.Is(err, errHeld):
		default:
			return nil, asked, fmt.Errorf("lock: %w", err)
		}
		if err := engine.Sleep(ctx, 500*time.Millisecond); err != nil {
			return nil, asked, err
		}
	}
}

// errHeld means: look again.
var errHeld = errors.New("held")

func holder(lease *coordinationv1.Lease) string {
	if lease.Spec.HolderIdentity == nil {
		return ""
	}
	return *lease.Spec.HolderIdentity
}

// lockedBy tells of a lease's holder. A lease that was written by hand may not say since when.
func lockedBy(lease *coordinationv1.Lease) *LockedError {
	locked := &LockedError{Holder: holder(lease)}
	if at := lease.Spec.AcquireTime; at != nil {
		locked.Since = at.Time
	}
	return locked
}

// renewal changes whenever the lease is taken or renewed.
func renewal(lease *coordinationv1.Lease) string { return lease.ResourceVersion }

func hold(lease *coordinationv1.Lease) {
	now := metav1.NowMicro()
	lease.Spec = coordinationv1.LeaseSpec{
		HolderIdentity:       new(identity()),
		LeaseDurationSeconds: new(int32(leaseDuration / time.Second)),
		AcquireTime:          &now,
		RenewTime:            &now,
	}
}

// identity tells a person who holds the lock, and two processes apart.
func identity() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	return fmt.Sprintf("%s, pid %d (%s)", host, os.Getpid(), uuid.NewString()[:8])
}

// renew renews the lease, which counts from last, until ctx ends, and ends it itself when that has failed for too long.
func (l *Lock) renew(ctx context.Context, last time.Time) {
	defer close(l.done)
	pause := max(0, renewEvery-time.Since(last))
	for engine.Sleep(ctx, pause) == nil {
		began := time.Now()
		attempt, cancel := context.WithDeadline(ctx, Earlier(began.Add(renewEvery), last.Add(renewUntil)))
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
		// An earlier renewal may have been made although its answer never came. When that was is not known: it is renewed again.
		current, readErr := l.kube.API.CoordinationV1().Leases(l.kube.Ref.Namespace).Get(ctx, l.lease.Name, metav1.GetOptions{})
		switch err = readErr; {
		case err == nil && holder(current) != holder(l.lease):
			return errLockLost
		case err == nil:
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
	return l.kube.API.CoordinationV1().Leases(l.kube.Ref.Namespace).Update(ctx, next, metav1.UpdateOptions{})
}

func Earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// Release gives the lock back, so that the next gpk need not wait. remove deletes it altogether. The lease is read afresh,
// since a renewal that was cut short may have been made.
func (l *Lock) Release(remove bool) error {
	l.cancel(nil)
	<-l.done
	ctx, cancel := context.WithTimeout(context.Background(), renewEvery)
	defer cancel()
	leases := l.kube.API.CoordinationV1().Leases(l.kube.Ref.Namespace)
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
