package expand

import (
	"context"
	"errors"
	"strings"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// expandableHandler refuses an expansion that would not come to its end, or that somebody else is at. Its Check is either
// done or blocked.
type expandableHandler struct {
	engine.Nothing
	kube     *kube.Client
	db       *database.Database
	gpexpand *Gpexpand
	action   plan.Expandable
}

func (h *expandableHandler) Check(ctx context.Context) (engine.Finding, error) {
	acting, err := h.db.Probed(ctx)
	if errors.Is(err, database.ErrSilent) {
		return engine.Finding{State: engine.Blocked, Details: []string{remote.Summary(err)}, Next: engine.Next(plan.Gpk("start"), "; if the coordinator is lost, ", plan.Gpk("failover"))}, nil
	}
	if err != nil {
		return engine.Finding{}, err
	}
	if h.action.Begun && len(catalogued(acting.Catalogue, h.action.New)) > 0 {
		return engine.Finding{State: engine.Done}, nil
	}
	if !h.action.Begun {
		if finding, err := h.foreign(ctx, acting); err != nil || finding.State != engine.Done {
			return finding, err
		}
	}
	if stray := append(acting.Catalogue.Missing(h.action.From), acting.Catalogue.Stray(h.action.From)...); len(stray) > 0 {
		return engine.Finding{State: engine.Blocked, Details: stray, Next: engine.Next("nothing was changed: gpk expands what it has made itself; see ", plan.Gpk("status"))}, nil
	}
	if faults := acting.Catalogue.Unhealthy(); len(faults) > 0 {
		return engine.Finding{State: engine.Blocked, Details: []string{strings.Join(faults, "; ")},
			Next: engine.Next(plan.Gpk("recover"), ", then this again; nothing was changed")}, nil
	}
	return h.tablespaces(ctx, acting)
}

// foreign finds an expansion that this one did not begin, and volumes that it would take for its own.
func (h *expandableHandler) foreign(ctx context.Context, acting database.Acting) (engine.Finding, error) {
	facts, err := h.db.ExpansionFacts(ctx, []database.PodDirs{{Pod: acting.Pod}})
	if err != nil {
		return engine.Finding{}, err
	}
	under, err := h.gpexpand.expansion(ctx, acting)
	if err != nil {
		return engine.Finding{}, err
	}
	noted := facts[acting.Pod]
	switch {
	case under.Status != "":
		return engine.Finding{State: engine.Blocked, Details: []string{"an expansion is under way already: " + under.String()},
			Next: engine.Next(plan.Gpk("expand", "--resume"), ", then this again; nothing was changed")}, nil
	case noted.Runs:
		return engine.Finding{State: engine.Blocked, Details: []string{"a gpexpand is running in pod " + acting.Pod + " that gpk has not started"},
			Next: engine.Next("wait for its end; nothing was changed")}, nil
	case noted.Setup != segments.NoSetup:
		return engine.Finding{State: engine.Blocked,
			Details: []string{"somebody's gpexpand has stopped at " + noted.Setup},
			Next:    engine.Next("finish it, or take it back with `gpexpand -r` in pod " + acting.Pod + "; nothing was changed")}, nil
	}
	claims, err := h.kube.Named(ctx, "PersistentVolumeClaim", h.action.Claims)
	if err == nil && len(claims) > 0 {
		return engine.Finding{State: engine.Blocked, Details: []string{"from an earlier cluster, " + engine.Few(kube.Exist("PersistentVolumeClaim", claims))},
			Next: engine.Next("delete what nobody needs any more with `kubectl delete pvc`, and run this again; nothing was changed")}, nil
	}
	return engine.Finding{State: engine.Done}, err
}

// tablespaces of users are not expanded: nobody but they can say where those of new segments are to be.
func (h *expandableHandler) tablespaces(ctx context.Context, acting database.Acting) (engine.Finding, error) {
	out, err := h.db.Query(ctx, acting, "postgres", segments.TablespacesSQL)
	if err != nil {
		return engine.Finding{}, err
	}
	names, err := segments.ParseNames(out)
	if err == nil && len(names) > 0 {
		return engine.Finding{State: engine.Blocked, Details: []string{"there are tablespaces of users: " + strings.Join(names, ", ")},
			Next: engine.Next("move their tables to pg_default and drop them, or expand by hand; nothing was changed")}, nil
	}
	return engine.Finding{State: engine.Done}, err
}
