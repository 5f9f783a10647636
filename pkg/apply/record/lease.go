package record

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"
	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientv1 "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/utils/ptr"

	"gpk/pkg/apply/kube"
	"gpk/pkg/plan"
)

// gpk reads and writes the Lease itself. client-go's resourcelock hides its labels and managers, by which gpk recognises a foreign
// lease. It also hides the version, by which gpk releases or deletes only what it holds.

func leases(k *kube.Client) clientv1.LeaseInterface {
	return k.API.CoordinationV1().Leases(k.Ref.Namespace)
}

// lease is the cluster's lease, or nil. A foreign lease is an error, whether it is held or not.
func (s *Store) lease(ctx context.Context) (*coordinationv1.Lease, error) {
	lease, err := leases(s.kube).Get(ctx, RecordName(s.kube.Ref.Name), metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("lock: %w", err)
	}
	return lease, kube.Refuse(s.kube.Foreign("Lease", lease))
}

// hold writes this gpk into the lease as its holder. Without a lease it creates one.
func (s *Store) hold(ctx context.Context, lease *coordinationv1.Lease, me string) (*coordinationv1.Lease, error) {
	now, create := metav1.NowMicro(), lease == nil
	if create {
		lease = &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: RecordName(s.kube.Ref.Name), Labels: plan.Labels(s.kube.Ref.Name)}}
	}
	lease.Spec = coordinationv1.LeaseSpec{HolderIdentity: &me, LeaseDurationSeconds: new(int32(leaseDuration / time.Second)),
		AcquireTime: &now, RenewTime: &now}
	if create {
		return leases(s.kube).Create(ctx, lease, metav1.CreateOptions{})
	}
	return leases(s.kube).Update(ctx, lease, metav1.UpdateOptions{})
}

func holder(lease *coordinationv1.Lease) string { return ptr.Deref(lease.Spec.HolderIdentity, "") }

// identity names this gpk for people, and differs between any two processes.
func identity() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	return fmt.Sprintf("%s, pid %d (%s)", host, os.Getpid(), uuid.NewString()[:8])
}
