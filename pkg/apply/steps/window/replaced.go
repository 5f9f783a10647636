package window

import (
	"context"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/plan"
)

// replacedHandler makes pods anew whose database container is not as their stateful set has it. Nothing may run in them any
// more, which is the business of the step before.
type replacedHandler struct {
	pods   *pods.Pods
	action plan.Replaced
}

func (h *replacedHandler) Check(ctx context.Context) (engine.Finding, error) {
	old, err := h.pods.ToReplace(ctx, h.action.Sets)
	var details []string
	for _, pod := range old {
		details = append(details, "pod "+pod.Name+" was made with another image or other resources")
	}
	return engine.PendingIf(details), err
}

// Do deletes the pods at once and waits until they are gone. Their stateful sets make them anew.
func (h *replacedHandler) Do(ctx context.Context, progress func(string)) error {
	for _, set := range h.action.Sets {
		// A controller that has not seen the template yet would make the same pods again.
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
