package recovery

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/segments"
)

// caughtHandler waits until all mirrors are in sync. They catch up by themselves; how far is told in bytes.
type caughtHandler struct{ db *database.Database }

func (h *caughtHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.LookProbed(ctx, func(_ context.Context, acting database.Acting) (engine.Finding, error) {
		return engine.PendingIf(acting.Catalogue.OutOfSync()), nil
	})
}

// Do waits as long as the mirrors catch up: only when nothing has changed for a while it gives up.
func (h *caughtHandler) Do(ctx context.Context, progress func(string)) error {
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
			return errors.New(engine.Few(behind))
		}
		bytes, _ := strconv.ParseFloat(lag, 64)
		progress(fmt.Sprintf("%d mirrors have yet to catch up; %.1f MB have been sent and not been stored", len(behind), bytes/1e6))
		if err := engine.Sleep(ctx, time.Second); err != nil {
			return err
		}
	}
}
