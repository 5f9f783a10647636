package settings

import (
	"context"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// effectiveHandler restarts the database for settings that only count from then on.
type effectiveHandler struct {
	db       *database.Database
	settings *Settings
	action   plan.Effective
}

func (h *effectiveHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.LookAt(ctx, func(ctx context.Context, acting database.Acting) (engine.Finding, error) {
		names, err := h.settings.pending(ctx, acting, h.action.Names)
		for i, name := range names {
			names[i] = name + " waits for a restart"
		}
		return engine.PendingIf(names), err
	})
}

func (h *effectiveHandler) Do(ctx context.Context, progress func(string)) error {
	acting, err := h.db.Acting(ctx)
	if err != nil {
		return err
	}
	return h.db.Run(ctx, acting.Pod, database.RestartJob, segments.Gprestart(), progress)
}
