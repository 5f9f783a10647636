package apply

import (
	"context"
	"errors"
	"fmt"

	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// switchedHandler makes the mirror of a content its primary: it stops the primary, and a probe promotes the mirror.
type switchedHandler struct {
	target *Target
	action plan.Switched
	// from is the primary when Check saw it first.
	from *segments.Row
}

func (h *switchedHandler) Check(ctx context.Context) (Finding, error) {
	return h.target.lookProbed(ctx, func(_ context.Context, acting Acting) (Finding, error) {
		primary, found := acting.Catalogue.Find(h.action.Content, topology.Primary)
		mirror, mirrored := acting.Catalogue.Find(h.action.Content, topology.Mirror)
		switch {
		case !found || h.action.Content == topology.CoordinatorContent:
			return Finding{State: Blocked, Details: []string{fmt.Sprintf("there is no segment with content %d", h.action.Content)},
				Next: "gpk status lists them"}, nil
		case h.from != nil && primary.DBID != h.from.DBID:
			return Finding{State: Done}, nil
		case !mirrored || !mirror.Up() || mirror.Mode != "s":
			return Finding{State: Blocked, Details: []string{fmt.Sprintf("content %d has no mirror that is in sync", h.action.Content)},
				Next: "gpk recover"}, nil
		}
		h.from = &primary
		return pendingIf([]string{fmt.Sprintf("%s is the primary", primary)}), nil
	})
}

func (h *switchedHandler) Do(ctx context.Context, progress func(string)) error {
	if h.from == nil {
		return errors.New("nobody has looked which instance is the primary")
	}
	progress("stopping " + h.from.String())
	if _, err := h.target.remote.Run(ctx, h.from.Pod(), segments.StopInstance(h.from.Dir)); err != nil {
		return err
	}
	return until(ctx, settlePatience, progress, func() ([]string, error) {
		acting, err := h.target.probed(ctx)
		if err != nil {
			return nil, err
		}
		if primary, _ := acting.Catalogue.Find(h.action.Content, topology.Primary); primary.DBID == h.from.DBID {
			return []string{"the mirror has not been promoted yet"}, nil
		}
		return nil, nil
	}, "%s")
}
