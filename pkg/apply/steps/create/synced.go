package create

import (
	"context"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
)

// syncedHandler waits until every instance is up and every pair is in sync.
type syncedHandler struct{ db *database.Database }

func (h *syncedHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.LookAt(ctx, h.look)
}

func (h *syncedHandler) look(_ context.Context, acting database.Acting) (engine.Finding, error) {
	return engine.PendingIf(acting.Catalogue.Unhealthy()), nil
}

// Do asks for a probe of all segments before each look: the catalogue is only as fresh as the last one.
func (h *syncedHandler) Do(ctx context.Context, progress func(string)) error {
	return engine.Until(ctx, database.SettlePatience, progress, func() ([]string, error) {
		acting, err := h.db.Probed(ctx)
		return acting.Catalogue.Unhealthy(), err
	}, "%s")
}
