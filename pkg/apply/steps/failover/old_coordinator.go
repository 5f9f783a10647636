// Package failover owns the steps that change the acting coordinator, or the primary of a content.
package failover

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// OldCoordinator reaches the coordinator that a takeover replaces, as far as it can be reached.
type OldCoordinator struct {
	kube   *kube.Client
	remote *remote.Pods
	store  *record.Store
	pods   *pods.Pods
	db     *database.Database
	// unreachable is when the old coordinator of a takeover was last found to be unreachable, and since when a pod was first.
	unreachable, since sync.Map
}

// New knows nothing of any coordinator yet.
func New(k *kube.Client, r *remote.Pods, s *record.Store, p *pods.Pods, d *database.Database) *OldCoordinator {
	return &OldCoordinator{kube: k, remote: r, store: s, pods: p, db: d}
}

// errUnreachable means that gpk and the standby's pod cannot reach the coordinator's pod.
var errUnreachable = errors.New("unreachable")

const (
	// unreachableHolds is how long gpk does not try again to reach the old coordinator's pod.
	unreachableHolds = 20 * time.Second
	// sshFailed is the exit status of ssh where it, and not the remote command, has failed.
	sshFailed = 255
)

// run runs a command in the old coordinator's pod: by exec or, where the API server does not reach its kubelet, by ssh from the
// standby's pod. It is errUnreachable if both fail. Both have a time limit.
func (o *OldCoordinator) run(ctx context.Context, e plan.Eligible, command segments.Command, patience time.Duration) (string, error) {
	if running, err := o.pods.Runs(ctx, e.From); err != nil {
		return "", err
	} else if !running {
		return "", fmt.Errorf("pod %s does not run: %w", e.From, errUnreachable)
	}
	if at, known := o.unreachable.Load(e.Takeover); known && time.Since(at.(time.Time)) < unreachableHolds {
		return "", fmt.Errorf("pod %s: %w", e.From, errUnreachable)
	}
	out, err := o.remote.RunSoon(ctx, e.From, command, patience)
	var exit *remote.Error
	if err == nil || errors.As(err, &exit) || ctx.Err() != nil {
		return out, err
	}
	out, overErr := o.remote.RunSoon(ctx, e.To, segments.Over(e.FromHost, command), patience)
	switch {
	case overErr == nil:
		return out, nil
	case errors.As(overErr, &exit) && exit.Status != sshFailed:
		return out, overErr
	}
	if ctx.Err() == nil {
		o.unreachable.Store(e.Takeover, time.Now())
	}
	return "", fmt.Errorf("pod %s: %w: %w; and by ssh from pod %s: %w", e.From, errUnreachable, err, e.To, overErr)
}
