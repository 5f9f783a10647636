package standby

import (
	"context"
	"fmt"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
)

// discardedHandler removes what failovers kept of old coordinators' data: a person has decided that nobody needs it.
type discardedHandler struct {
	db     *database.Database
	action plan.Discarded
}

func (h *discardedHandler) Check(ctx context.Context) (engine.Finding, error) {
	var details []string
	for _, instance := range h.action.Pods {
		kept, err := h.db.Aside(ctx, instance.Pod)
		if err != nil {
			return engine.Finding{}, err
		}
		for _, copied := range kept {
			details = append(details, fmt.Sprintf("pod %s: %s", instance.Pod, copied.Dir))
		}
	}
	return engine.PendingIf(details), nil
}

func (h *discardedHandler) Do(ctx context.Context, _ func(string)) error {
	for _, instance := range h.action.Pods {
		if _, err := h.db.Discard(ctx, instance.Pod); err != nil {
			return err
		}
	}
	return nil
}
