// Package failover owns the steps that change the acting coordinator, or the primary of a content.
package failover

import (
	"context"
	"errors"
	"fmt"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
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
	found  found
}

// New knows nothing of any coordinator yet.
func New(k *kube.Client, r *remote.Pods, s *record.Store, p *pods.Pods, d *database.Database) *OldCoordinator {
	return &OldCoordinator{kube: k, remote: r, store: s, pods: p, db: d}
}

var errNoStandby = errors.New("there is no standby to take over")

// Takeover is the failover that is possible now: from the pod of the coordinator, acting or not, to that of its standby. healthy
// reports whether the coordinator answers.
func (o *OldCoordinator) Takeover(ctx context.Context, both []topology.Instance) (from, to string, healthy bool, err error) {
	if len(both) != 2 {
		return "", "", false, &engine.NextError{Err: errNoStandby,
			Next: engine.Next("restart the coordinator's pod if it does not answer; spec.coordinator.standby gives the next cluster a standby")}
	}
	other := map[string]string{both[0].Pod: both[1].Pod, both[1].Pod: both[0].Pod}
	acting, err := o.actingBeside(ctx, both)
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

// actingBeside is the acting coordinator. It asks the network about the recorded one meanwhile.
func (o *OldCoordinator) actingBeside(ctx context.Context, both []topology.Instance) (database.Acting, error) {
	recorded, err := o.MustAct(ctx)
	if err != nil {
		return database.Acting{}, err
	}
	for i, instance := range both {
		if instance.Pod == recorded {
			takeover := plan.Takeover{From: instance.Pod, To: both[1-i].Pod}
			return o.acting(ctx, plan.Eligible{Takeover: takeover, FromHost: instance.Host})
		}
	}
	return o.db.Acting(ctx)
}

// MustAct is the pod of the recorded coordinator; empty before there is one.
func (o *OldCoordinator) MustAct(ctx context.Context) (string, error) {
	state, err := o.store.State(ctx)
	return state[plan.StateCoordinator], err
}

// Begun reports whether a takeover is unfinished and its standby is not activated, as far as its pod answers, and names the pod that
// must act.
func (o *OldCoordinator) Begun(ctx context.Context) (begun bool, mustAct string, err error) {
	mustAct, err = o.MustAct(ctx)
	if err != nil || mustAct == "" || o.remote.Ways.Unreachable(remote.ByExec(mustAct)) != nil {
		return false, mustAct, err
	}
	following, err := o.db.Following(ctx, mustAct)
	if remote.Refused(err) {
		return false, mustAct, err
	}
	return err == nil && following.Follows, mustAct, nil
}
