package create

import (
	"context"
	"fmt"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
)

// hostsHandler records the hosts of all pods where the pods read them.
type hostsHandler struct {
	store  *record.Store
	action plan.Hosts
}

func (h *hostsHandler) Check(ctx context.Context) (engine.Finding, error) {
	_, known, err := h.store.ToDecide(ctx, h.decision())
	if err != nil || known {
		return engine.Finding{State: engine.Done}, err
	}
	return engine.PendingIf([]string{fmt.Sprintf("the pods do not know all %d hosts yet", len(h.action.Hosts))}), nil
}

func (h *hostsHandler) Do(ctx context.Context, _ func(string)) error {
	_, err := h.store.Decide(ctx, h.decision())
	return err
}

func (h *hostsHandler) decision() map[string]string {
	return map[string]string{plan.StateHosts: record.HostLines(h.action.Hosts)}
}
