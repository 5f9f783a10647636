package create

import (
	"context"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
)

// syncedHandler waits until every instance is up and every pair is in sync.
type syncedHandler struct{ db *database.Database }

func (h *syncedHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.WithActing(ctx, func(_ context.Context, acting database.Acting) (engine.Finding, error) {
		return engine.PendingIf(acting.Catalogue.Unhealthy()), nil
	})
}

// Do has all segments probed before it reads the catalogue, which is only as new as the last probe.
func (h *syncedHandler) Do(ctx context.Context, progress func(string)) error {
	return engine.Until(ctx, database.SettlePatience, progress, func() ([]string, error) {
		acting, err := h.db.Probed(ctx)
		return acting.Catalogue.Unhealthy(), err
	}, "%s")
}
