package recovery

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/segments"
)

// syncHandler waits until all mirrors are in sync. They catch up by themselves.
type syncHandler struct{ db *database.Database }

func (h *syncHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.WithProbed(ctx, func(_ context.Context, acting database.Acting) (engine.Finding, error) {
		return engine.PendingIf(acting.Catalogue.OutOfSync()), nil
	})
}

// Do waits as long as the mirrors catch up. It fails when nothing has changed for database.SettlePatience.
func (h *syncHandler) Do(ctx context.Context, progress func(string)) error {
	last, changed := "", time.Now()
	for {
		acting, err := h.db.Probed(ctx)
		if err != nil {
			return err
		}
		behind := acting.Catalogue.OutOfSync()
		if len(behind) == 0 {
			return nil
		}
		lag, err := h.db.Query(ctx, acting, "postgres", segments.LagSQL)
		if err != nil {
			return err
		}
		if now := fmt.Sprint(len(behind), " ", lag); now != last {
			last, changed = now, time.Now()
		}
		if time.Since(changed) > database.SettlePatience {
			return fmt.Errorf("the mirrors have made no progress for %s: %s", database.SettlePatience, engine.Few(behind))
		}
		bytes, _ := strconv.ParseFloat(lag, 64)
		progress(fmt.Sprintf("%d mirrors are not in sync yet; %.1f MB are sent and not stored", len(behind), bytes/1e6))
		if err := engine.Sleep(ctx, time.Second); err != nil {
			return err
		}
	}
}

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
	return (&syncHandler{h.db}).Do(ctx, progress)
}
