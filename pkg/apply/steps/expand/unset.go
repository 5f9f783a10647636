package expand

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// unsetHandler takes back what gpexpand has made before it changed the catalogue.
type unsetHandler struct {
	db       *database.Database
	gpexpand *Gpexpand
	action   plan.Unset
}

func (h *unsetHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.LookAt(ctx, h.look)
}

func (h *unsetHandler) look(ctx context.Context, acting database.Acting) (engine.Finding, error) {
	if rows := catalogued(acting.Catalogue, h.action.New); len(rows) > 0 {
		return engine.Finding{State: engine.Blocked, Details: []string{fmt.Sprintf("the catalogue has the new segments, the first of them on %s: "+
			"there is no way back that loses nothing", rows[0].Pod())}, Next: engine.Next(plan.Gpk("expand", "--resume"))}, nil
	}
	pods, err := h.gpexpand.newPods(ctx, h.action.New)
	if err != nil {
		return engine.Finding{}, err
	}
	facts, err := h.db.ExpansionFacts(ctx, append([]database.PodDirs{{Pod: acting.Pod}}, pods...))
	if err != nil {
		return engine.Finding{}, err
	}
	if facts[acting.Pod].Runs {
		if name, _, err := h.gpexpand.runningGpexpand(ctx, acting); err != nil || name != RollbackJob {
			return engine.Finding{State: engine.Blocked, Details: []string{"gpexpand is running in pod " + acting.Pod},
				Next: engine.Next(plan.Gpk("expand", "--resume"), " waits for its end")}, err
		}
	}
	var left []string
	if setup := facts[acting.Pod].Setup; setup != segments.NoSetup {
		left = append(left, "gpexpand has come to "+setup)
	}
	for _, pod := range pods {
		for _, dir := range pod.Dirs {
			if facts[pod.Pod].Instances[dir].New {
				left = append(left, dir+" in pod "+pod.Pod+" was being made")
			}
		}
	}
	return engine.PendingIf(left), nil
}

func (h *unsetHandler) Do(ctx context.Context, progress func(string)) error {
	acting, err := h.db.Acting(ctx)
	if err != nil {
		return err
	}
	return h.gpexpand.unset(ctx, acting, h.action.New, progress)
}

// newPods are the pods of new instances, with their directories, that run.
func (g *Gpexpand) newPods(ctx context.Context, instances []topology.Instance) ([]database.PodDirs, error) {
	there, err := g.pods.List(ctx)
	return slices.DeleteFunc(database.ByPod(instances), func(p database.PodDirs) bool {
		return !slices.ContainsFunc(there, pods.ByNameRunning(p.Pod))
	}), err
}

// unset has gpexpand take back its work, if it has noted any, and then removes what is left of it in the pods that run. Where
// gpexpand cannot (it wants every new host to answer), its notes are removed as well: the catalogue has not been changed.
func (g *Gpexpand) unset(ctx context.Context, acting database.Acting, instances []topology.Instance, progress func(string)) error {
	coordinator := []database.PodDirs{{Pod: acting.Pod}}
	facts, err := g.db.ExpansionFacts(ctx, coordinator)
	if err != nil {
		return err
	}
	if facts[acting.Pod].Setup != segments.NoSetup {
		progress("gpexpand takes back what it did not finish")
		err := g.gpexpand(ctx, acting, RollbackJob, segments.ExpandRollback(acting.Catalogue.NewRows(instances)), progress)
		var exit *database.UtilityError
		if err != nil && !errors.As(err, &exit) {
			return err
		}
		if facts, err = g.db.ExpansionFacts(ctx, coordinator); err != nil {
			return err
		}
	}
	if facts[acting.Pod].Setup != segments.NoSetup {
		progress("gpexpand could not: its notes are removed")
		var pods []database.PodDirs
		for _, pod := range database.CoordinatorPods(acting) {
			pods = append(pods, database.PodDirs{Pod: pod})
		}
		if err := g.expand(ctx, "forget", pods); err != nil {
			return err
		}
	}
	pods, err := g.newPods(ctx, instances)
	if err != nil {
		return err
	}
	return g.expand(ctx, "clear", pods)
}
