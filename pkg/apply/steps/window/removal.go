package window

import (
	"context"

	"gpk/pkg/apply/engine"
)

// removalHandler stops the database before its pods are removed, as far as it can: a cluster that is broken must be removable. Each pod
// stops its own instances when it ends.
type removalHandler struct {
	stop *stopHandler
	// failed is set when a stop was tried in vain.
	failed error
}

func (h *removalHandler) Check(ctx context.Context) (engine.Finding, error) {
	finding, err := engine.Finding{}, h.failed
	if err == nil {
		finding, err = h.stop.Check(ctx)
	}
	if err == nil || ctx.Err() != nil {
		return finding, err
	}
	return engine.Finding{State: engine.Done, Details: []string{notStopped(err)}}, nil
}

func notStopped(err error) string {
	return "gpk cannot stop the database first; each pod stops its own instances when it ends: " + err.Error()
}

func (h *removalHandler) Do(ctx context.Context, progress func(string)) error {
	err := h.stop.Do(ctx, progress)
	if err == nil || ctx.Err() != nil {
		return err
	}
	h.failed = err
	progress(notStopped(err))
	return nil
}
