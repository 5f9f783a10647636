package failover

import (
	"context"
	"errors"
	"fmt"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// switchHandler makes the mirror of a content its primary: it stops the primary, and a probe promotes the mirror. It is done when the
// instance that was made to be the mirror acts as the primary. So running it again resumes it, and never switches back.
type switchHandler struct {
	*OldCoordinator
	action plan.Switched
	// from is the primary that Check saw.
	from *segments.Row
}

func (h *switchHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.WithProbed(ctx, func(_ context.Context, acting database.Acting) (engine.Finding, error) {
		primary, found := acting.Catalogue.Find(h.action.Content, topology.Primary)
		mirror, mirrored := acting.Catalogue.Find(h.action.Content, topology.Mirror)
		switch {
		case !found || !primary.IsSegment():
			return engine.BlockedBy(fmt.Sprintf("there is no segment with content %d", h.action.Content), plan.Gpk("status"), " lists them"), nil
		case primary.Switched():
			return engine.Finding{State: engine.Done, Details: []string{fmt.Sprintf("%s was made to be the mirror, and is the primary", primary)},
				Next: engine.Next("to switch back to the preferred roles, run ", plan.Gpk("recover"))}, nil
		case !mirrored || !mirror.InSync():
			return engine.BlockedBy(fmt.Sprintf("content %d has no mirror that is in sync", h.action.Content), plan.Gpk("recover")), nil
		}
		h.from = &primary
		return engine.PendingIf([]string{fmt.Sprintf("%s is the primary", primary)}), nil
	})
}

func (h *switchHandler) Do(ctx context.Context, progress func(string)) error {
	if h.from == nil {
		return errors.New("gpk does not know yet which instance is the primary")
	}
	progress("stopping " + h.from.String())
	if _, err := h.remote.Run(ctx, h.from.Pod(), segments.StopInstance(h.from.Dir)); err != nil {
		return err
	}
	return engine.Until(ctx, database.SettlePatience, progress, func() ([]string, error) {
		acting, err := h.db.Probed(ctx)
		if primary, _ := acting.Catalogue.Find(h.action.Content, topology.Primary); err == nil && primary.DBID == h.from.DBID {
			return []string{"the mirror has not been promoted yet"}, nil
		}
		return nil, err
	}, "%s")
}
