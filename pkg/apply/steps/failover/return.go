package failover

import (
	"context"
	"errors"
	"fmt"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// returnHandler has the coordinator act again that a failover has put out of the way. It may, as long as the standby has not
// become a coordinator, whose rows it would not have.
type returnHandler struct {
	remote *remote.Pods
	store  *record.Store
	db     *database.Database
	action plan.Return
}

func (h *returnHandler) Check(ctx context.Context) (engine.Finding, error) {
	acting, err := h.db.Acting(ctx)
	if err == nil && acting.Pod == h.action.To {
		return h.activated("the standby in pod " + h.action.To + " acts"), nil
	}
	if err != nil && !errors.Is(err, database.ErrSilent) {
		return engine.Finding{}, err
	}
	state, err := h.store.State(ctx)
	if err != nil || state[plan.StateCoordinator] == h.action.From {
		return engine.Finding{State: engine.Done}, err
	}
	return h.lookAtStandby(ctx)
}

// lookAtStandby is for when the standby is to act, and does not yet.
func (h *returnHandler) lookAtStandby(ctx context.Context) (engine.Finding, error) {
	pending := engine.PendingIf([]string{"pod " + h.action.To + " is to act, and its standby has not been activated"})
	f, err := h.db.Following(ctx, h.action.To)
	switch {
	case err != nil && h.action.AcceptLoss:
		return pending, nil
	case err != nil:
		return engine.Finding{State: engine.Blocked, Details: []string{fmt.Sprintf("whether the standby has been activated cannot be asked: %v", err)},
			Next: engine.Next("see to pod "+h.action.To+". Or make sure that its node is off, and give up what it may have written since: ", plan.Gpk("failover", "--rollback", "--accept-data-loss", h.action.From))}, nil
	}
	work, err := h.remote.Job(h.action.To, activateJob).State(ctx)
	switch {
	case err != nil:
		return engine.Finding{}, err
	case work.Phase == "running":
		return h.activated("gpactivatestandby is running in pod " + h.action.To), nil
	case f.Follows || f.Instance == "absent":
		return pending, nil
	case f.Instance == "running" || !h.action.AcceptLoss:
		return h.activated("the standby in pod " + h.action.To + " has been activated, and is " + f.Instance), nil
	}
	return pending, nil
}

func (h *returnHandler) activated(how string) engine.Finding {
	return engine.Finding{State: engine.Blocked, Details: []string{how},
		Next: engine.Next(plan.Gpk("failover"), " finishes it, and ", plan.Gpk("failover", "--force"), " then leads back to pod "+h.action.From+". An instance there that does not start and what it has written can be given up: ", plan.Gpk("failover", "--rollback", "--accept-data-loss", h.action.From))}
}

// Do stops the standby first: where gpactivatestandby was cut off, a promotion may be on its way.
func (h *returnHandler) Do(ctx context.Context, progress func(string)) error {
	_, err := h.remote.RunSoon(ctx, h.action.To, segments.HaltCoordinator("fast", ""), haltTime)
	if err == nil {
		var f segments.Following
		if f, err = h.db.Following(ctx, h.action.To); err == nil && !f.Follows && f.Instance != "absent" && !h.action.AcceptLoss {
			return &engine.NextError{Err: fmt.Errorf("the standby in pod %s has been activated in this moment, and was stopped", h.action.To),
				Next: engine.Next(plan.Gpk("start"), " starts it there, and ", plan.Gpk("failover"), " finishes what was begun")}
		}
	}
	if err != nil && !h.action.AcceptLoss {
		return err
	}
	return h.db.Announce(ctx, record.ActsIn(h.action.From, h.action.Hosts), progress)
}

// orBack adds to what a person may do about a takeover that cannot go on: the coordinator is out of the way already.
func orBack(e plan.Eligible, next engine.Advice) engine.Advice {
	return engine.Next(plan.Gpk("failover", "--rollback"), " has the coordinator in pod "+e.From+" act again. Or: ", next)
}
