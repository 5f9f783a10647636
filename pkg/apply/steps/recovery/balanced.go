package recovery

import (
	"context"
	"slices"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/segments"
)

func sortedWords(words []string) []string { return slices.Sorted(slices.Values(words)) }

// balancedHandler gives the instances their preferred roles back, with gprecoverseg.
type balancedHandler struct{ db *database.Database }

func (h *balancedHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.LookAt(ctx, func(_ context.Context, acting database.Acting) (engine.Finding, error) {
		var details []string
		for _, row := range acting.Catalogue.Switched() {
			details = append(details, row.String()+" acts as primary in place of its mirror")
		}
		return engine.PendingIf(details), nil
	})
}

func (h *balancedHandler) Do(ctx context.Context, progress func(string)) error {
	acting, err := h.db.Acting(ctx)
	if err != nil {
		return err
	}
	if err := h.db.Run(ctx, acting.Pod, "gprecoverseg-rebalance", segments.Rebalance(), progress); err != nil {
		return err
	}
	return (&caughtHandler{h.db}).Do(ctx, progress)
}
