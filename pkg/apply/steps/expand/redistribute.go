package expand

import (
	"context"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// redistributeHandler starts gpexpand on the tables. It does not wait for the end, which may be days away: while gpk holds the lock no
// failover can start.
type redistributeHandler struct {
	db             *database.Database
	gpexpand       *gpexpand
	redistribution *Redistribution
	action         plan.Redistribute
	// started: this handler has started it. The step does not check whether it is still running.
	started bool
}

func (h *redistributeHandler) Check(ctx context.Context) (engine.Finding, error) {
	if h.started {
		return engine.Finding{State: engine.Done}, nil
	}
	return h.db.WithActing(ctx, h.look)
}

func (h *redistributeHandler) look(ctx context.Context, acting database.Acting) (engine.Finding, error) {
	expansion, err := h.redistribution.progress(ctx, acting)
	if err != nil || expansion.Status == "" || expansion.Complete() {
		return engine.Finding{State: engine.Done}, err
	}
	found, err := h.gpexpand.traces(ctx, acting, nil)
	switch {
	case err != nil:
		return engine.Finding{}, err
	case found.job == RedistributeJob:
		return engine.Finding{State: engine.Done, Details: []string{"gpexpand is running, with the limits that it was started with"}}, nil
	case found.Runs:
		return engine.BlockedBy(foreign(acting.Pod),
			"wait for its end, or stop it where it was started; then ", plan.Gpk("expand", "--resume")), nil
	}
	return engine.PendingIf([]string{expansion.String()}), nil
}

func (h *redistributeHandler) Do(ctx context.Context, _ func(string)) error {
	acting, err := h.db.Acting(ctx)
	if err != nil {
		return err
	}
	err = h.gpexpand.start(ctx, acting.Pod, RedistributeJob, segments.Redistribute(h.action.Bounds))
	h.started = err == nil
	return err
}
