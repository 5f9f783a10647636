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
	"gpk/pkg/topology"
)

// eligibleHandler finds out whether the standby may take over. There is nothing that it could do about it.
type eligibleHandler struct {
	engine.Nothing
	store  *record.Store
	db     *database.Database
	former *Former
	action plan.Eligible
}

func (h *eligibleHandler) Check(ctx context.Context) (engine.Finding, error) {
	acting, err := h.db.Acting(ctx)
	switch {
	case errors.Is(err, database.ErrSilent):
		return h.silent(ctx)
	case err != nil:
		return engine.Finding{}, err
	case acting.Pod == h.action.To:
		return engine.Finding{State: engine.Done}, nil
	}
	if finding, err := h.former.unforced(ctx, h.action, acting.Pod); err != nil || finding.State == engine.Blocked {
		return finding, err
	}
	row, found := acting.Catalogue.Find(topology.CoordinatorContent, topology.Mirror)
	switch {
	case !found || row.Pod() != h.action.To:
		return engine.Finding{State: engine.Blocked, Details: []string{"the catalogue has no standby in pod " + h.action.To},
			Next: engine.Next(plan.Gpk("recover"), " makes one")}, nil
	case h.action.AcceptLoss || row.Up() && row.Mode == "s":
		return engine.Finding{State: engine.Done}, nil
	}
	return h.refused("the catalogue has the standby in pod " + h.action.To + " as not in sync"), nil
}

// unforced is Blocked where the coordinator answers and nobody has asked for a switch from one that does: the command looked
// before it had the lock, and took it for dead. A takeover whose decision has been noted goes on, however it was begun: the
// coordinator is on its way out.
func (f *Former) unforced(ctx context.Context, e plan.Eligible, acting string) (engine.Finding, error) {
	state, err := f.store.State(ctx)
	if err != nil || e.Force || state[plan.StateCoordinator] == e.To {
		return engine.Finding{}, err
	}
	return engine.Finding{State: engine.Blocked, Details: []string{"the coordinator in pod " + acting + " answers"},
		Next: engine.Next(plan.Gpk("status"), " shows how it is; ", plan.Gpk("failover", "--force"), " switches to pod "+e.To+" all the same")}, nil
}

// silent is for a coordinator that does not answer.
func (h *eligibleHandler) silent(ctx context.Context) (engine.Finding, error) {
	state, err := h.store.State(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	if state[plan.StateDatabase] == record.DatabaseStopped {
		return engine.Finding{State: engine.Blocked, Details: []string{"the database has been stopped"}, Next: engine.Next(plan.Gpk("start"))}, nil
	}
	finding, err := h.lookAtStandby(ctx)
	if finding.State == engine.Blocked && state[plan.StateCoordinator] == h.action.To {
		finding.Next = orBack(h.action, finding.Next)
	}
	return finding, err
}

// lookAtStandby is for a coordinator that does not answer: what there is to know is in the two pods.
func (h *eligibleHandler) lookAtStandby(ctx context.Context) (engine.Finding, error) {
	f, err := h.db.Following(ctx, h.action.To)
	if err != nil {
		return engine.Finding{State: engine.Blocked, Details: []string{fmt.Sprintf("the standby cannot be asked: %v", err)},
			Next: engine.Next("see to pod " + h.action.To + " first: without it there is no one to take over")}, nil
	}
	if promoted, err := h.db.Promoted(ctx, h.action.To, f); err != nil || promoted {
		return engine.Finding{State: engine.Done}, err
	}
	return h.judge(ctx, f)
}

// judge compares what a standby that has not been activated has with what the coordinator had.
func (h *eligibleHandler) judge(ctx context.Context, f segments.Following) (engine.Finding, error) {
	if !f.Follows || f.Instance != "running" {
		found := fmt.Sprintf("the instance in pod %s is %s, and %s", h.action.To, f.Instance, standbyWords(f))
		return engine.Finding{State: engine.Blocked, Details: []string{found},
			Next: engine.Next(plan.Gpk("logs", h.action.To), " says why it does not run; a restart of the pod starts it")}, nil
	}
	if h.action.AcceptLoss {
		return engine.Finding{State: engine.Done}, nil
	}
	loss, err := h.former.loss(ctx, h.action, f)
	if err != nil || loss == "" {
		return engine.Finding{State: engine.Done}, err
	}
	return h.refused(loss), nil
}

func standbyWords(f segments.Following) string {
	if f.Follows {
		return "a standby"
	}
	return "no standby"
}

func (h *eligibleHandler) refused(why string) engine.Finding {
	return engine.Finding{State: engine.Blocked, Details: []string{why}, Next: engine.Next("bring the coordinator in pod "+h.action.From+" back if that can be done. To go on without those transactions: ", plan.Gpk("failover", "--accept-data-loss", h.action.To))}
}
