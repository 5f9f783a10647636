// Package failover owns the steps that change the acting coordinator, or the primary of a content.
package failover

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// Register adds the handlers of a change of coordinators, or of a segment's copies.
func Register(r engine.Handlers, old *OldCoordinator) {
	engine.Handle(r, func(a plan.Eligible) engine.Handler { return &eligibleHandler{OldCoordinator: old, action: a} })
	engine.Handle(r, func(a plan.Fence) engine.Handler { return &fenceHandler{OldCoordinator: old, action: a} })
	engine.Handle(r, func(a plan.Activate) engine.Handler { return &activateHandler{old, a} })
	engine.Handle(r, func(a plan.Return) engine.Handler { return &rollbackHandler{old, a} })
	engine.Handle(r, func(a plan.Switched) engine.Handler { return &switchHandler{OldCoordinator: old, action: a} })
}

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
// standby's pod. It uses ssh also where the API server has no pod that runs: the containers of a pod that was deleted by force may run.
// It is errUnreachable if neither reaches the pod, and another error if the command may have begun. Both have a time limit.
func (o *OldCoordinator) run(ctx context.Context, e plan.Eligible, command segments.Command, patience time.Duration) (string, error) {
	running, err := o.pods.Runs(ctx, e.From)
	if err != nil {
		return "", err
	}
	if at, known := o.unreachable.Load(e.Takeover); known && time.Since(at.(time.Time)) < unreachableHolds {
		return "", fmt.Errorf("pod %s: %w", e.From, errUnreachable)
	}
	var out string
	var exit *remote.Error
	err = errors.New("the API server has no such pod that runs")
	if running {
		out, err = o.remote.RunSoon(ctx, e.From, command, patience)
		// A pod that waits for its volume says the same as an ssh that reaches nobody: an earlier pod may run on.
		if err == nil || errors.As(err, &exit) && exit.Status != sshFailed || ctx.Err() != nil {
			return out, err
		}
	}
	out, overErr := o.remote.RunSoon(ctx, e.To, segments.Over(e.FromHost, command), patience)
	if errors.As(overErr, &exit) && exit.UnknownVerb() {
		out, overErr = o.remote.RunSoon(ctx, e.To, segments.OverByName(e.FromHost, command), patience)
	}
	switch {
	case overErr == nil:
		return out, nil
	case !errors.As(overErr, &exit):
		return "", fmt.Errorf("pod %s: %w; and by ssh from pod %s: it may have begun: %w", e.From, err, e.To, overErr)
	case exit.Status != sshFailed:
		return out, overErr
	}
	if ctx.Err() == nil {
		o.unreachable.Store(e.Takeover, time.Now())
	}
	return "", fmt.Errorf("pod %s: %w: %w; and by ssh from pod %s: %w", e.From, errUnreachable, err, e.To, overErr)
}

// answered says whether a command of run ended with a status of its own.
func answered(err error) bool {
	_, exited := errors.AsType[*remote.Error](err)
	return exited && !errors.Is(err, errUnreachable)
}

var errNoStandby = errors.New("there is no standby to take over")

// Takeover is the failover that is possible now: from the pod of the coordinator, acting or not, to that of its standby. healthy
// reports whether the coordinator answers.
func (o *OldCoordinator) Takeover(ctx context.Context, both []string) (from, to string, healthy bool, err error) {
	if len(both) != 2 {
		return "", "", false, &engine.NextError{Err: errNoStandby,
			Next: engine.Next("restart the coordinator's pod if it does not answer; spec.coordinator.standby gives the next cluster a standby")}
	}
	other := map[string]string{both[0]: both[1], both[1]: both[0]}
	acting, err := o.db.Acting(ctx)
	if err == nil {
		return acting.Pod, other[acting.Pod], true, nil
	}
	if !errors.Is(err, database.ErrNoCoordinator) {
		return "", "", false, err
	}
	begun, from, err := o.Begun(ctx)
	switch {
	case err != nil:
		return "", "", false, err
	case begun:
		return other[from], from, false, nil
	case other[from] == "":
		return "", "", false, &engine.NextError{Err: fmt.Errorf("the creation of the cluster is unfinished: %w", errNoStandby),
			Next: engine.Next(plan.Gpk("create", "-f", "cluster.yaml"))}
	}
	return from, other[from], false, nil
}

// Begun reports whether a takeover is unfinished and its standby is not activated, as far as its pod answers, and names the pod that
// must act.
func (o *OldCoordinator) Begun(ctx context.Context) (begun bool, mustAct string, err error) {
	state, err := o.store.State(ctx)
	if err != nil || state[plan.StateCoordinator] == "" {
		return false, "", err
	}
	mustAct = state[plan.StateCoordinator]
	following, err := o.db.Following(ctx, mustAct)
	return err == nil && following.Follows, mustAct, nil
}
