package window

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// stopHandler stops the database with gpstop if its coordinator answers. If not, each pod stops its own instances.
type stopHandler struct {
	store  *record.Store
	pods   *pods.Pods
	db     *database.Database
	action plan.Stopped
}

func (h *stopHandler) Check(ctx context.Context) (engine.Finding, error) {
	if len(h.action.Replacing) > 0 {
		if old, err := h.pods.ToReplace(ctx, h.action.Replacing); err != nil || len(old) == 0 {
			return engine.Finding{State: engine.Done}, err
		}
	}
	if len(h.action.Keep) > 0 {
		return h.checkInstances(ctx)
	}
	acting, err := h.db.Acting(ctx)
	if errors.Is(err, database.ErrNoCoordinator) {
		return engine.Finding{State: engine.Done}, nil
	}
	if err != nil {
		return engine.Finding{}, err
	}
	return engine.PendingIf([]string{"the database runs, with its coordinator in pod " + acting.Pod}), nil
}

// checkInstances is the Check of a stop that lasts: no instance runs, and no pod that restarts starts one.
func (h *stopHandler) checkInstances(ctx context.Context) (engine.Finding, error) {
	state, err := h.store.State(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	if state[plan.StateCoordinator] == "" {
		return database.UnfinishedCluster(), nil
	}
	var details []string
	if state[plan.StateDatabase] != record.DatabaseStopped {
		details = []string{"pods that restart would start their instances"}
	}
	running, err := h.running(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	if details = append(details, running...); len(details) > 0 && h.action.Again {
		if finding, ok, err := h.pods.NoneOverdue(ctx); err != nil || !ok {
			return finding, err
		}
	}
	return engine.PendingIf(details), nil
}

// running describes the instances that run, in the pods that do.
func (h *stopHandler) running(ctx context.Context) ([]string, error) {
	list, err := h.pods.List(ctx)
	if err != nil {
		return nil, err
	}
	asked := slices.DeleteFunc(database.ByPod(h.action.Keep), func(p database.PodDirs) bool {
		return !slices.ContainsFunc(list, pods.ByNameRunning(p.Pod))
	})
	facts, err := h.db.Facts(ctx, asked)
	if err != nil {
		return nil, err
	}
	var running []string
	for _, pod := range asked {
		found := facts[pod.Pod].Instances
		for _, dir := range slices.Sorted(maps.Keys(found)) {
			if found[dir] == segments.Running {
				running = append(running, fmt.Sprintf("the instance in %s of pod %s runs", dir, pod.Pod))
			}
		}
	}
	return running, nil
}

func (h *stopHandler) Do(ctx context.Context, progress func(string)) error {
	mode := h.action.Mode
	if mode == segments.Smart {
		if err := h.awaitClients(ctx, progress); err != nil {
			return err
		}
		mode = segments.Fast
	}
	if len(h.action.Keep) > 0 {
		if err := h.db.Announce(ctx, map[string]string{plan.StateDatabase: record.DatabaseStopped}, progress); err != nil {
			return err
		}
	}
	if err := h.db.AwaitJobs(ctx, []string{database.StartJob, database.RestartJob, database.StopJob}, progress); err != nil {
		return err
	}
	acting, err := h.db.Acting(ctx)
	if err == nil {
		err = h.db.Run(ctx, acting.Pod, database.StopJob, segments.Gpstop(mode), progress)
	}
	var exit *database.UtilityError
	if !errors.As(err, &exit) && !errors.Is(err, database.ErrNoCoordinator) {
		return err
	}
	// gpstop may refuse a database that create has not finished, or that is partly down.
	progress(fmt.Sprintf("each pod stops its own instances: %v", err))
	list, err := h.pods.List(ctx)
	if err != nil {
		return err
	}
	var running []database.PodDirs
	for i := range list {
		if pods.Running(&list[i]) {
			running = append(running, database.PodDirs{Pod: list[i].Name})
		}
	}
	return h.db.StopInstances(ctx, running)
}
