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

// wholeHandler looks, before pods are replaced, whether the database would survive it. It has nothing to do: its Check is
// either done or blocked.
type wholeHandler struct {
	engine.Nothing
	pods   *pods.Pods
	db     *database.Database
	action plan.Whole
}

func (h *wholeHandler) Check(ctx context.Context) (engine.Finding, error) {
	old, err := h.pods.ToReplace(ctx, h.action.Replacing)
	if err != nil || len(old) == 0 {
		return engine.Finding{State: engine.Done}, err
	}
	if finding, ok, err := h.pods.NoneOverdue(ctx); err != nil || !ok {
		return finding, err
	}
	finding, err := h.db.LookProbed(ctx, h.look)
	if finding.State == engine.Unknown {
		return engine.Finding{State: engine.Blocked, Details: append([]string{"the database does not run"}, finding.Details...),
			Next: engine.Next("nothing was changed: ", plan.Gpk("start"), " starts it, ", plan.Gpk("status"), " says what is amiss; then run this again")}, err
	}
	return finding, err
}

func (h *wholeHandler) look(ctx context.Context, acting database.Acting) (engine.Finding, error) {
	if faults := acting.Catalogue.Broken(); len(faults) > 0 {
		return engine.Finding{State: engine.Blocked, Details: []string{strings.Join(faults, "; ")},
			Next: engine.Next("nothing was changed: ", plan.Gpk("recover"), " brings them back; then run this again")}, nil
	}
	expanding, err := h.db.Query(ctx, acting, "postgres", segments.ExpandingSQL)
	if err != nil {
		return engine.Finding{}, err
	}
	if expanding == "t" {
		return engine.Finding{State: engine.Blocked, Details: []string{"an expansion is under way: the database postgres has the schema gpexpand"},
			Next: engine.Next("nothing was changed: finish it with ", plan.Gpk("expand", "--resume"), "; then run this again")}, nil
	}
	return engine.Finding{State: engine.Done}, nil
}
