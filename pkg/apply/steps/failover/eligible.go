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

// eligibleHandler checks whether the standby may take over.
type eligibleHandler struct {
	engine.Nothing
	*OldCoordinator
	action plan.Eligible
}

func (h *eligibleHandler) Check(ctx context.Context) (engine.Finding, error) {
	acting, err := h.acting(ctx, h.action)
	switch {
	case errors.Is(err, database.ErrNoCoordinator):
		return h.withoutCoordinator(ctx)
	case err != nil:
		return engine.Finding{}, err
	case acting.Pod == h.action.To:
		return engine.Finding{State: engine.Done}, nil
	}
	if finding, err := h.mayReplace(ctx, h.action, acting.Pod); err != nil || finding.State == engine.Blocked {
		return finding, err
	}
	row, found := acting.Catalogue.Standby()
	switch {
	case !found || row.Pod() != h.action.To:
		return engine.BlockedBy("the catalogue has no standby in pod "+h.action.To, plan.Gpk("recover"), " makes one"), nil
	case h.action.AcceptLoss || row.InSync():
		return engine.Finding{State: engine.Done}, nil
	}
	return h.mayLose("the standby in pod " + h.action.To + " is not in sync"), nil
}

// mayReplace is Blocked where the coordinator answers and --force is not given: the command found it dead, before it had the lock.
// A takeover whose decision is recorded continues in any case, since it has started to stop that coordinator.
func (o *OldCoordinator) mayReplace(ctx context.Context, e plan.Eligible, acting string) (engine.Finding, error) {
	state, err := o.store.State(ctx)
	if err != nil || e.Force || state[plan.StateCoordinator] == e.To {
		return engine.Finding{}, err
	}
	return engine.BlockedBy("the coordinator in pod "+acting+" answers",
		plan.Gpk("status"), " shows its state; ", plan.Gpk("failover", "--force"), " switches to pod "+e.To+" anyway"), nil
}

// withoutCoordinator is for a coordinator that does not answer: gpk asks the two pods.
func (h *eligibleHandler) withoutCoordinator(ctx context.Context) (engine.Finding, error) {
	state, err := h.store.State(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	if state[plan.StateDatabase] == record.DatabaseStopped {
		return engine.BlockedBy("the database was stopped", plan.Gpk("start")), nil
	}
	finding, err := h.askStandby(ctx)
	if finding.State == engine.Blocked && state[plan.StateCoordinator] == h.action.To {
		finding.Next = orRollBack(h.action, finding.Next)
	}
	return finding, err
}

func (h *eligibleHandler) askStandby(ctx context.Context) (engine.Finding, error) {
	f, err := h.db.Following(ctx, h.action.To)
	if remote.Refused(err) {
		return engine.Finding{}, err
	}
	if err != nil {
		return engine.BlockedBy(fmt.Sprintf("the standby does not answer: %v", err),
			"check pod "+h.action.To+" first: no other pod can take over"), nil
	}
	if promoted, err := h.db.Promoted(ctx, h.action.To, f); err != nil || promoted {
		return engine.Finding{State: engine.Done}, err
	}
	return h.compareLogs(ctx, f, false)
}

// compareLogs compares the log of a standby that is not activated with that of the coordinator. Right before the activation that must be
// stopped, whatever a person accepts.
func (h *eligibleHandler) compareLogs(ctx context.Context, f segments.Following, stopped bool) (engine.Finding, error) {
	switch {
	case !f.Follows:
		return h.cannotPromote("pod " + h.action.To + " has no standby: its instance is a coordinator's, and " + f.Instance), nil
	case f.Instance != segments.Running:
		return h.cannotPromote("the standby in pod " + h.action.To + " is " + f.Instance), nil
	case h.action.AcceptLoss && !stopped:
		return engine.Finding{State: engine.Done}, nil
	}
	loss, err := h.loss(ctx, h.action, f, stopped)
	if err != nil || loss == "" || h.action.AcceptLoss {
		return engine.Finding{State: engine.Done}, err
	}
	return h.mayLose(loss), nil
}

func (h *eligibleHandler) cannotPromote(why string) engine.Finding {
	return engine.BlockedBy(why, plan.Gpk("logs", h.action.To), " shows why it does not run; a restart of the pod starts it")
}

func (h *eligibleHandler) mayLose(why string) engine.Finding {
	return engine.BlockedBy(why, "restore the coordinator in pod "+h.action.From+" if possible. To continue without those transactions: ",
		plan.Gpk("failover", "--accept-data-loss", h.action.To))
}
