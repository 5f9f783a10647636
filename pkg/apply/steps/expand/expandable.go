package expand

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// expandableHandler refuses an expansion that would fail later, or that meets another one. Its Check is either done or blocked.
type expandableHandler struct {
	engine.Nothing
	*gpexpand
	kube   *kube.Client
	action plan.Expandable
}

func (h *expandableHandler) Check(ctx context.Context) (engine.Finding, error) {
	acting, err := h.db.Probed(ctx)
	if errors.Is(err, database.ErrNoCoordinator) {
		return engine.BlockedBy(remote.Summary(err), plan.Gpk("start"), "; if the coordinator is lost, ", plan.Gpk("failover")), nil
	}
	if err != nil {
		return engine.Finding{}, err
	}
	if h.action.Begun && len(acting.Catalogue.MadeFor(h.action.New)) > 0 {
		return engine.Finding{State: engine.Done}, nil
	}
	if !h.action.Begun {
		if finding, err := h.alone(ctx, acting); err != nil || finding.State != engine.Done {
			return finding, err
		}
	}
	if stray := append(acting.Catalogue.Missing(h.action.From), acting.Catalogue.Stray(h.action.From)...); len(stray) > 0 {
		return engine.Finding{State: engine.Blocked, Details: stray,
			Next: engine.Next("nothing was changed; gpk expands only the segments that it made: see ", plan.Gpk("status"))}, nil
	}
	if faults := acting.Catalogue.Unhealthy(); len(faults) > 0 {
		return engine.BlockedBy(strings.Join(faults, "; "), "nothing was changed; run this again after ", plan.Gpk("recover")), nil
	}
	return h.tablespaces(ctx, acting)
}

// alone refuses an expansion while another one is unfinished, and volumes that it could not tell from its own.
func (h *expandableHandler) alone(ctx context.Context, acting database.Acting) (engine.Finding, error) {
	found, err := h.traces(ctx, acting, nil)
	if err != nil {
		return engine.Finding{}, err
	}
	earlier, err := h.redistribution.progress(ctx, acting)
	switch {
	case err != nil:
		return engine.Finding{}, err
	case earlier.Status != "":
		return engine.BlockedBy("an earlier expansion is unfinished: "+earlier.String(),
			"nothing was changed; finish it, then run this again: ", plan.Gpk("expand", "--resume")), nil
	case found.Runs:
		return engine.BlockedBy(foreign(acting.Pod), "nothing was changed; wait for its end"), nil
	case found.Setup != segments.NoSetup:
		return engine.BlockedBy("a gpexpand that gpk did not start has stopped at "+found.Setup,
			fmt.Sprintf("nothing was changed; finish it, or undo it in pod %s with `gpexpand -r`", acting.Pod)), nil
	}
	claims, err := h.kube.Named(ctx, "PersistentVolumeClaim", h.action.Claims)
	if err == nil && len(claims) > 0 {
		return engine.BlockedBy("of an earlier cluster, "+engine.Few(kube.Exist("PersistentVolumeClaim", claims)),
			"nothing was changed; if nobody needs them, delete them and run this again: kubectl delete pvc"), nil
	}
	return engine.Finding{State: engine.Done}, err
}

// tablespaces refuses an expansion of users' tablespaces: only their owners know where those of the new segments belong.
func (h *expandableHandler) tablespaces(ctx context.Context, acting database.Acting) (engine.Finding, error) {
	out, err := h.db.Query(ctx, acting, "postgres", segments.TablespacesSQL)
	if err != nil {
		return engine.Finding{}, err
	}
	names, err := segments.ParseNames(out)
	if err == nil && len(names) > 0 {
		return engine.BlockedBy("gpk cannot expand users' tablespaces: "+strings.Join(names, ", "),
			"nothing was changed; move their tables to pg_default and drop them, or expand by hand"), nil
	}
	return engine.Finding{State: engine.Done}, err
}
