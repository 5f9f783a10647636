package expand

import (
	"context"
	"errors"
	"slices"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// rollbackHandler undoes what gpexpand has made before it changed the catalogue.
type rollbackHandler struct {
	*gpexpand
	action plan.Unset
}

func (h *rollbackHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.WithActing(ctx, h.look)
}

func (h *rollbackHandler) look(ctx context.Context, acting database.Acting) (engine.Finding, error) {
	if rows := acting.Catalogue.MadeFor(h.action.New); len(rows) > 0 {
		return engine.BlockedBy("the catalogue has the new segments, the first of them on "+rows[0].Pod()+
			": a rollback would lose the rows on them",
			plan.Gpk("expand", "--resume")), nil
	}
	running, err := h.running(ctx, h.action.New)
	if err != nil {
		return engine.Finding{}, err
	}
	found, err := h.traces(ctx, acting, running)
	if err != nil {
		return engine.Finding{}, err
	}
	if found.Runs && found.job != RollbackJob {
		return engine.BlockedBy("gpexpand is running in pod "+acting.Pod, "wait for its end: ", plan.Gpk("expand", "--resume")), nil
	}
	left := found.unfinished(running)
	if found.Setup != segments.NoSetup {
		left = append([]string{"gpexpand stopped at " + found.Setup}, left...)
	}
	return engine.PendingIf(left), nil
}

func (h *rollbackHandler) Do(ctx context.Context, progress func(string)) error {
	acting, err := h.db.Acting(ctx)
	if err != nil {
		return err
	}
	return h.rollback(ctx, acting, h.action.New, progress)
}

// rollback has gpexpand roll its setup back, if there is one, and removes what is left in the new pods that are running. gpexpand needs
// an answer from every new host. If it cannot roll back, rollback removes its status files: the catalogue was not changed.
func (g *gpexpand) rollback(ctx context.Context, acting database.Acting, instances []topology.Instance, progress func(string)) error {
	found, err := g.traces(ctx, acting, nil)
	if err != nil {
		return err
	}
	if found.Setup != segments.NoSetup {
		progress("gpexpand rolls its unfinished setup back")
		err := g.run(ctx, acting.Pod, RollbackJob, segments.ExpandRollback(acting.Catalogue.NewRows(instances)), progress)
		if _, failed := errors.AsType[*database.UtilityError](err); err != nil && !failed {
			return err
		}
		if found, err = g.traces(ctx, acting, nil); err != nil {
			return err
		}
	}
	if found.Setup != segments.NoSetup {
		progress("gpexpand could not roll back: removing its status files")
		var coordinators []database.PodDirs
		for _, pod := range database.CoordinatorPods(acting) {
			coordinators = append(coordinators, database.PodDirs{Pod: pod})
		}
		if err := g.script(ctx, "forget", coordinators...); err != nil {
			return err
		}
	}
	running, err := g.running(ctx, instances)
	if err != nil {
		return err
	}
	return g.script(ctx, "clear", running...)
}

// running are the pods of instances that are running, with the directories of the instances.
func (g *gpexpand) running(ctx context.Context, instances []topology.Instance) ([]database.PodDirs, error) {
	list, err := g.pods.List(ctx)
	return slices.DeleteFunc(database.ByPod(instances), func(pod database.PodDirs) bool {
		return !slices.ContainsFunc(list, pods.ByNameRunning(pod.Pod))
	}), err
}
