package expand

import (
	"context"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// rollbackHandler undoes what gpexpand has made before it changed the catalogue.
type rollbackHandler struct {
	*gpexpand
	action plan.Unset
}

func (h *rollbackHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.WithActing(ctx, h.look)
}

func (h *rollbackHandler) look(ctx context.Context, acting database.Acting) (engine.Finding, error) {
	if rows := acting.Catalogue.MadeFor(h.action.New); len(rows) > 0 {
		return engine.BlockedBy("the catalogue has the new segments, the first of them on "+rows[0].Pod()+
			": a rollback would lose the rows on them",
			plan.Gpk("expand", "--resume")), nil
	}
	running, err := h.running(ctx, h.action.New)
	if err != nil {
		return engine.Finding{}, err
	}
	found, err := h.traces(ctx, acting, running)
	if err != nil {
		return engine.Finding{}, err
	}
	if found.Runs && found.job != RollbackJob {
		return engine.BlockedBy("gpexpand is running in pod "+acting.Pod, "wait for its end: ", plan.Gpk("expand", "--resume")), nil
	}
	left := found.unfinished(running)
	if found.Setup != segments.NoSetup {
		left = append([]string{"gpexpand stopped at " + found.Setup}, left...)
	}
	return engine.PendingIf(left), nil
}

func (h *rollbackHandler) Do(ctx context.Context, progress func(string)) error {
	acting, err := h.db.Acting(ctx)
	if err != nil {
		return err
	}
	return h.rollback(ctx, acting, h.action.New, progress)
}
