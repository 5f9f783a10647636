package failover

import (
	"context"
	"errors"
	"fmt"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// rollbackHandler lets the coordinator act again that an unfinished failover has stopped. It may, as long as the standby has not been
// activated: the old coordinator would lack the rows of a new one.
type rollbackHandler struct {
	*OldCoordinator
	action plan.Return
}

func (h *rollbackHandler) Check(ctx context.Context) (engine.Finding, error) {
	acting, err := h.db.Acting(ctx)
	if err == nil && acting.Pod == h.action.To {
		return h.tooLate("the standby in pod " + h.action.To + " acts"), nil
	}
	if err != nil && !errors.Is(err, database.ErrNoCoordinator) {
		return engine.Finding{}, err
	}
	state, err := h.store.State(ctx)
	if err != nil || state[plan.StateCoordinator] == h.action.From {
		return engine.Finding{State: engine.Done}, err
	}
	return h.askStandby(ctx)
}

// askStandby is for a standby that must act by the recorded decision, and does not yet.
func (h *rollbackHandler) askStandby(ctx context.Context) (engine.Finding, error) {
	pending := engine.PendingIf([]string{"pod " + h.action.To + " must act, and its standby has not been activated"})
	f, err := h.db.Following(ctx, h.action.To)
	switch {
	case err != nil && h.action.AcceptLoss:
		return pending, nil
	case err != nil:
		return engine.BlockedBy(fmt.Sprintf("cannot tell whether the standby has been activated: %v", err), "check pod "+h.action.To+
			". Or make sure that its node is off, and give up what it may have written since: ", h.giveUp()), nil
	}
	work, err := h.remote.Job(h.action.To, database.ActivateJob).State(ctx)
	switch {
	case err != nil:
		return engine.Finding{}, err
	case work.Phase == "running":
		return h.tooLate("gpactivatestandby is running in pod " + h.action.To), nil
	case f.Follows || f.Instance == segments.Absent:
		return pending, nil
	case f.Instance == segments.Running || !h.action.AcceptLoss:
		return h.tooLate("the standby in pod " + h.action.To + " has been activated, and is " + f.Instance), nil
	}
	return pending, nil
}

func (h *rollbackHandler) tooLate(why string) engine.Finding {
	return engine.BlockedBy(why, plan.Gpk("failover"), " finishes it, and ", plan.Gpk("failover", "--force"), " then switches back to pod "+
		h.action.From+". If the instance in pod "+h.action.To+" does not start, give up what it has written: ", h.giveUp())
}

// giveUp is the command of a person who gives up what the standby may have written.
func (h *rollbackHandler) giveUp() plan.Command {
	return plan.Gpk("failover", "--rollback", "--accept-data-loss", h.action.From)
}

// Do stops the standby first: an interrupted gpactivatestandby may have started to promote it.
func (h *rollbackHandler) Do(ctx context.Context, progress func(string)) error {
	_, err := h.remote.RunSoon(ctx, h.action.To, segments.HaltCoordinator(segments.Fast, ""), haltTime)
	if err == nil {
		var f segments.Following
		if f, err = h.db.Following(ctx, h.action.To); err == nil && !f.Follows && f.Instance != segments.Absent && !h.action.AcceptLoss {
			return &engine.NextError{Err: fmt.Errorf("the standby in pod %s was activated just now; gpk has stopped it", h.action.To),
				Next: engine.Next(plan.Gpk("start"), " starts it there, and ", plan.Gpk("failover"), " finishes the failover")}
		}
	}
	if err != nil && !h.action.AcceptLoss {
		return err
	}
	return h.db.Announce(ctx, record.ActsIn(h.action.From, h.action.Hosts), progress)
}

// orRollBack adds the way back to the advice about a takeover that cannot continue: the coordinator is stopped already.
func orRollBack(e plan.Eligible, next engine.Advice) engine.Advice {
	return engine.Next(plan.Gpk("failover", "--rollback"), " lets the coordinator in pod "+e.From+" act again. Or: ", next)
}
