package objects

import (
	"context"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/plan"
)

// presentHandler makes what is missing.
type presentHandler struct {
	kube   *kube.Client
	pods   *pods.Pods
	action plan.Present
}

func (h *presentHandler) Check(ctx context.Context) (engine.Finding, error) {
	missing, err := h.missing(ctx)
	var details []string
	for _, object := range missing {
		details = append(details, kube.ObjectName(object)+" is missing")
	}
	return engine.PendingIf(details), err
}

func (h *presentHandler) missing(ctx context.Context) ([]plan.Object, error) {
	live, err := h.kube.LiveAll(ctx, h.action.Objects)
	if err != nil {
		return nil, err
	}
	var missing []plan.Object
	for i, object := range h.action.Objects {
		if live[i] == nil {
			missing = append(missing, object)
		}
	}
	return missing, nil
}

func (h *presentHandler) Do(ctx context.Context, progress func(string)) error {
	missing, err := h.missing(ctx)
	if err != nil {
		return err
	}
	return (&applyHandler{kube: h.kube, pods: h.pods, action: plan.Apply{Objects: missing}}).Do(ctx, progress)
}
