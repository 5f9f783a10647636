package recovery

import (
	"context"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/segments"
)

// rebalanceHandler gives the instances their preferred roles again, with gprecoverseg.
type rebalanceHandler struct{ db *database.Database }

func (h *rebalanceHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.WithActing(ctx, func(_ context.Context, acting database.Acting) (engine.Finding, error) {
		var details []string
		for _, row := range acting.Catalogue.Switched() {
			details = append(details, row.String()+" acts as primary in place of its mirror")
		}
		return engine.PendingIf(details), nil
	})
}

func (h *rebalanceHandler) Do(ctx context.Context, progress func(string)) error {
	acting, err := h.db.Acting(ctx)
	if err != nil {
		return err
	}
	if err := h.db.Run(ctx, acting.Pod, "gprecoverseg-rebalance", segments.Rebalance(), progress); err != nil {
		return err
	}
	return (&syncHandler{h.db.Probes, h.db.SQL}).Do(ctx, progress)
}
