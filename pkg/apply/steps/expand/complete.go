package expand

import (
	"context"
	"slices"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// completeHandler makes the new mirrors that gpexpand has not made, and records on the volumes that the new instances are complete.
// gpexpand makes the mirrors last, after it has removed its status file.
type completeHandler struct {
	*gpexpand
	action plan.Complete
}

func (h *completeHandler) Check(ctx context.Context) (engine.Finding, error) {
	if down, err := h.pods.NotRunning(ctx, database.PodNames(database.ByPod(h.action.New))); err != nil || len(down) > 0 {
		return engine.Finding{State: engine.Unknown, Details: down}, err
	}
	return h.db.WithActing(ctx, h.look)
}

func (h *completeHandler) look(ctx context.Context, acting database.Acting) (engine.Finding, error) {
	if missing := acting.Catalogue.Missing(h.action.New); len(missing) > 0 {
		return engine.Finding{State: engine.Unknown, Details: missing}, nil
	}
	if faults := acting.Catalogue.MadeFor(h.action.New).Unhealthy(); len(faults) > 0 {
		return engine.PendingIf(faults), nil
	}
	pods := database.ByPod(h.action.New)
	facts, err := h.db.ExpansionFacts(ctx, pods)
	if err != nil {
		return engine.Finding{}, err
	}
	return engine.PendingIf(traces{pods: facts}.unfinished(pods)), nil
}

func (h *completeHandler) Do(ctx context.Context, progress func(string)) error {
	acting, err := h.db.Acting(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(acting.Catalogue.MadeFor(h.action.New), func(r segments.Row) bool { return !r.Up() }) {
		if err := h.db.Run(ctx, acting.Pod, "gprecoverseg-new", segments.RecoverFully(), progress); err != nil {
			return err
		}
	}
	err = engine.Until(ctx, database.SettlePatience, progress, func() ([]string, error) {
		acting, err := h.db.Probed(ctx)
		return acting.Catalogue.MadeFor(h.action.New).Unhealthy(), err
	}, "%s")
	if err != nil {
		return err
	}
	return h.script(ctx, "finish", database.ByPod(h.action.New)...)
}
