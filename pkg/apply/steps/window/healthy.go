package window

import (
	"context"
	"strings"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// healthyHandler refuses to recreate pods of a database that might not start again. It changes nothing: its Check is either done or
// blocked.
type healthyHandler struct {
	engine.Nothing
	pods   *pods.Pods
	db     *database.Database
	action plan.Whole
}

func (h *healthyHandler) Check(ctx context.Context) (engine.Finding, error) {
	old, err := h.pods.ToReplace(ctx, h.action.Replacing)
	if err != nil || len(old) == 0 {
		return engine.Finding{State: engine.Done}, err
	}
	if finding, ok, err := h.pods.NoneOverdue(ctx); err != nil || !ok {
		return finding, err
	}
	finding, err := h.db.WithProbed(ctx, h.look)
	if finding.State == engine.Unknown {
		return engine.Finding{State: engine.Blocked, Details: append([]string{"the database does not run"}, finding.Details...),
			Next: engine.Next("nothing was changed; find the cause with ", plan.Gpk("status"), ", then start the database and run this again: ",
				plan.Gpk("start"))}, err
	}
	return finding, err
}

func (h *healthyHandler) look(ctx context.Context, acting database.Acting) (engine.Finding, error) {
	if faults := acting.Catalogue.Broken(); len(faults) > 0 {
		return engine.BlockedBy(strings.Join(faults, "; "), "nothing was changed; run this again after ", plan.Gpk("recover")), nil
	}
	expanding, err := h.db.Query(ctx, acting, "postgres", segments.ExpandingSQL)
	if err != nil {
		return engine.Finding{}, err
	}
	if expanding == "t" {
		return engine.BlockedBy("an expansion is unfinished: the database postgres has the schema gpexpand",
			"nothing was changed; run this again after ", plan.Gpk("expand", "--resume")), nil
	}
	return engine.Finding{State: engine.Done}, nil
}
