package expand

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// setupHandler has gpexpand make new segments, once. The catalogue says whether it has made them. Its status file, and
// gpk's own files on the volumes, say what an unfinished gpexpand has left behind.
type setupHandler struct {
	*gpexpand
	action plan.Setup
}

// setupState is how far the new segments are.
type setupState string

const (
	setupMissing     setupState = "the catalogue has no new segments yet"
	setupRunning     setupState = "gpexpand is running"
	setupInterrupted setupState = "an earlier gpexpand did not finish, and left files behind"
	// setupUnrecorded: gpexpand was killed between its change of the catalogue and its own note of that.
	setupUnrecorded setupState = "gpexpand was stopped right after it changed the catalogue"
	setupUnfinished setupState = "the catalogue has the new segments, and gpexpand has not finished"
	setupDone       setupState = "the new segments exist"
	setupMismatch   setupState = "the pods or the catalogue do not match the plan"
)

func (h *setupHandler) Check(ctx context.Context) (engine.Finding, error) {
	if down, err := h.pods.NotRunning(ctx, database.PodNames(database.ByPod(h.action.New))); err != nil || len(down) > 0 {
		return engine.Finding{State: engine.Unknown, Details: down}, err
	}
	return h.db.WithActing(ctx, func(ctx context.Context, acting database.Acting) (engine.Finding, error) {
		state, details, err := h.look(ctx, acting)
		switch {
		case err != nil:
			return engine.Finding{}, err
		case state == setupDone:
			return engine.Finding{State: engine.Done}, nil
		case state == setupMismatch:
			return engine.Finding{State: engine.Blocked, Details: details,
				Next: engine.Next("nothing was changed; see the state of the cluster: ", plan.Gpk("status"))}, nil
		}
		return engine.PendingIf(append([]string{string(state)}, details...)), nil
	})
}

// look decides by the catalogue first, and then by gpexpand's status file.
func (h *setupHandler) look(ctx context.Context, acting database.Acting) (setupState, []string, error) {
	pods := database.ByPod(h.action.New)
	found, err := h.traces(ctx, acting, pods)
	if err != nil {
		return "", nil, err
	}
	switch {
	case found.job == SetupJob:
		return setupRunning, []string{"since " + found.since}, nil
	case found.job == RollbackJob:
		return setupInterrupted, []string{"gpexpand has been rolling it back since " + found.since}, nil
	case found.Runs:
		return setupMismatch, []string{foreign(acting.Pod)}, nil
	case len(acting.Catalogue.MadeFor(h.action.New)) == 0:
		state, details := beforeCatalogue(pods, found)
		return state, details, nil
	}
	if missing := acting.Catalogue.Missing(h.action.New); len(missing) > 0 {
		return setupMismatch, missing, nil
	}
	switch found.Setup {
	case segments.NoSetup:
		return setupDone, nil, nil
	case segments.CatalogueStarted:
		return setupUnrecorded, nil, nil
	}
	return setupUnfinished, nil, nil
}

// beforeCatalogue is the state while the catalogue has none of the new segments.
func beforeCatalogue(pods []database.PodDirs, found traces) (setupState, []string) {
	state := setupMissing
	if found.Setup != segments.NoSetup {
		state = setupInterrupted
	}
	for _, pod := range pods {
		instances := found.pods[pod.Pod].Instances
		for _, dir := range slices.Sorted(maps.Keys(instances)) {
			switch {
			case instances[dir].State == "absent":
			case instances[dir].New:
				state = setupInterrupted
			default:
				return setupMismatch, []string{fmt.Sprintf("no expansion made %s in pod %s", dir, pod.Pod)}
			}
		}
	}
	return state, nil
}

// Do starts gpexpand, follows the one that is running, or continues where an earlier one was stopped.
func (h *setupHandler) Do(ctx context.Context, progress func(string)) error {
	acting, err := h.db.Acting(ctx)
	if err != nil {
		return err
	}
	state, details, err := h.look(ctx, acting)
	if err != nil {
		return err
	}
	switch state {
	case setupDone:
		return nil
	case setupMismatch:
		return errors.New(engine.FirstOf(details))
	case setupRunning:
		progress("attaching to gpexpand, which is running")
		return h.db.Follow(ctx, h.remote.Job(acting.Pod, SetupJob), "gpexpand", progress)
	case setupMissing, setupInterrupted:
		if state == setupInterrupted {
			err = h.rollback(ctx, acting, h.action.New, progress)
		}
		if err == nil {
			err = h.script(ctx, "prepare", database.ByPod(h.action.New)...)
		}
	case setupUnrecorded:
		err = h.script(ctx, "forward", database.PodDirs{Pod: acting.Pod})
	}
	if err != nil {
		return err
	}
	return h.run(ctx, acting.Pod, SetupJob, segments.ExpandSetup(acting.Catalogue.NewRows(h.action.New)), progress)
}
