package window

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// stopHandler stops the database with gpstop if its coordinator answers. If not, each pod stops its own instances.
type stopHandler struct {
	store  *record.Store
	pods   *pods.Pods
	db     *database.Database
	action plan.Stopped
}

func (h *stopHandler) Check(ctx context.Context) (engine.Finding, error) {
	if h.action.Converting {
		if found, err := h.db.Unconverted(ctx); err != nil || found == "" {
			return engine.Finding{State: engine.Done}, err
		}
	}
	if len(h.action.Replacing) > 0 {
		if old, err := h.pods.Revisions.ToReplace(ctx, h.action.Replacing); err != nil || len(old) == 0 {
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

// checkInstances is the Check of a stop that lasts: no instance runs, and neither a pod that restarts nor a utility starts one.
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
	jobs, err := h.db.RunningJobs(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	for _, job := range jobs {
		running = append(running, fmt.Sprintf("%s, which an earlier gpk started, still runs in pod %s", job.Name, job.Pod))
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
	ending := []string{database.StartJob, database.RestartJob, database.StopJob, database.ActivateJob}
	if err := h.db.AwaitJobs(ctx, ending, progress); err != nil {
		return err
	}
	if err := h.stop(ctx, mode, progress); err != nil || len(h.action.Keep) == 0 {
		return err
	}
	if waited, err := h.db.AwaitOrphans(ctx, progress); err != nil || !waited {
		return err
	}
	return h.stopEach(ctx)
}

// stop stops the database by gpstop, or by each pod: gpstop may refuse a database that create has not finished, or that is partly down.
func (h *stopHandler) stop(ctx context.Context, mode string, progress func(string)) error {
	acting, err := h.db.Acting(ctx)
	if err == nil {
		err = h.db.Run(ctx, acting.Pod, database.StopJob, segments.Gpstop(mode), progress)
	}
	var exit *database.UtilityError
	if !errors.As(err, &exit) && !errors.Is(err, database.ErrNoCoordinator) {
		return err
	}
	progress(fmt.Sprintf("each pod stops its own instances: %v", err))
	return h.stopEach(ctx)
}

// stopEach has each pod that runs stop its own instances.
func (h *stopHandler) stopEach(ctx context.Context) error {
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

// clientPatience is how long clients have to disconnect before a smart stop: as long as gpstop's own time-out.
const clientPatience = 2 * time.Minute

// awaitClients waits until no client is connected to the coordinator. gpk changes nothing until then. gpstop's own smart mode refuses new
// clients meanwhile, and after two minutes asks a person what to do. Without a person it kills the coordinator (_stop_coordinator_smart).
func (h *stopHandler) awaitClients(ctx context.Context, progress func(string)) error {
	err := engine.Until(ctx, clientPatience, progress, func() ([]string, error) { return h.clients(ctx) },
		fmt.Sprintf("clients are still connected after %s; the database was not stopped: %%s", clientPatience))
	var timeout *engine.TimeoutError
	if errors.As(err, &timeout) && ctx.Err() == nil {
		return &engine.NextError{Err: err, Next: engine.Next("wait until the clients have disconnected, or end their sessions with --mode fast")}
	}
	return err
}

// clients describes the sessions of clients, or says why gpk cannot know them. There are none while the coordinator is down.
func (h *stopHandler) clients(ctx context.Context) ([]string, error) {
	acting, err := h.db.Acting(ctx)
	if errors.Is(err, database.ErrNoCoordinator) {
		state, stateErr := h.store.State(ctx)
		facts, asked := acting.Pods[state[plan.StateCoordinator]]
		if stateErr != nil || !asked || facts.Marker != "" && facts.Instances[topology.CoordinatorDir] != segments.Running {
			return nil, stateErr
		}
		return []string{remote.Summary(err)}, nil
	}
	if err != nil {
		return nil, err
	}
	out, err := h.db.Query(ctx, acting, "postgres", segments.ClientsSQL)
	var exit *remote.Error
	switch {
	case errors.As(err, &exit):
		return []string{exit.Why()}, nil
	case err != nil || out == "":
		return nil, err
	}
	return strings.Split(out, "\n"), nil
}
