package window

import (
	"context"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/plan"
)

// replaceHandler recreates the pods whose database container differs from their StatefulSet's. The step before it has stopped their
// instances.
type replaceHandler struct {
	pods   *pods.Pods
	action plan.Replaced
}

func (h *replaceHandler) Check(ctx context.Context) (engine.Finding, error) {
	old, err := h.pods.ToReplace(ctx, h.action.Sets)
	var details []string
	for _, pod := range old {
		details = append(details, "pod "+pod.Name+" has another image or other resources than its StatefulSet")
	}
	return engine.PendingIf(details), err
}

// Do deletes the pods all at once and waits until they are gone. Their StatefulSets recreate them.
func (h *replaceHandler) Do(ctx context.Context, progress func(string)) error {
	for _, set := range h.action.Sets {
		// A controller that has not seen the template yet would recreate the pods from the old one.
		if _, err := h.pods.UpdateRevision(ctx, set.Name); err != nil {
			return err
		}
	}
	old, err := h.pods.ToReplace(ctx, h.action.Sets)
	if err != nil {
		return err
	}
	return h.pods.Replace(ctx, old, progress)
}
