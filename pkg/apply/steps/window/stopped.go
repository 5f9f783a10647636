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

// stoppedHandler stops the database, if it answers. One that does not answer has nothing left to stop in order: its pods stop
// their instances cleanly by themselves.
type stoppedHandler struct {
	store  *record.Store
	pods   *pods.Pods
	db     *database.Database
	action plan.Stopped
}

func (h *stoppedHandler) Check(ctx context.Context) (engine.Finding, error) {
	if len(h.action.Replacing) > 0 {
		if old, err := h.pods.ToReplace(ctx, h.action.Replacing); err != nil || len(old) == 0 {
			return engine.Finding{State: engine.Done}, err
		}
	}
	if len(h.action.Keep) > 0 {
		return h.checkKept(ctx)
	}
	acting, err := h.db.Acting(ctx)
	if errors.Is(err, database.ErrSilent) {
		return engine.Finding{State: engine.Done}, nil
	}
	if err != nil {
		return engine.Finding{}, err
	}
	return engine.PendingIf([]string{"the database runs, with its coordinator in pod " + acting.Pod}), nil
}

// checkKept looks for instances that run, in every pod that does.
func (h *stoppedHandler) checkKept(ctx context.Context) (engine.Finding, error) {
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
	up, err := h.runningInstances(ctx, h.action.Keep)
	if err != nil {
		return engine.Finding{}, err
	}
	if details = append(details, up...); len(details) > 0 && h.action.Again {
		if finding, ok, err := h.pods.NoneOverdue(ctx); err != nil || !ok {
			return finding, err
		}
	}
	return engine.PendingIf(details), nil
}

// runningInstances are those of the instances that run, in words, in the pods that do.
func (h *stoppedHandler) runningInstances(ctx context.Context, instances []topology.Instance) ([]string, error) {
	list, err := h.pods.List(ctx)
	if err != nil {
		return nil, err
	}
	asked := database.ByPod(instances)
	asked = slices.DeleteFunc(asked, func(p database.PodDirs) bool {
		return !slices.ContainsFunc(list, pods.ByNameRunning(p.Pod))
	})
	facts, err := h.db.Facts(ctx, asked)
	if err != nil {
		return nil, err
	}
	var up []string
	for _, pod := range asked {
		found := facts[pod.Pod].Instances
		for _, dir := range slices.Sorted(maps.Keys(found)) {
			if found[dir] == "running" {
				up = append(up, fmt.Sprintf("the instance in %s of pod %s runs", dir, pod.Pod))
			}
		}
	}
	return up, nil
}

func (h *stoppedHandler) Do(ctx context.Context, progress func(string)) error {
	mode := h.action.Mode
	if mode == smart {
		if err := h.clientsGone(ctx, progress); err != nil {
			return err
		}
		mode = fast
	}
	if len(h.action.Keep) > 0 {
		if err := h.db.Announce(ctx, map[string]string{plan.StateDatabase: record.DatabaseStopped}, progress); err != nil {
			return err
		}
	}
	if err := h.db.ComeToEnd(ctx, []string{database.StartJob, database.RestartJob, database.StopJob}, progress); err != nil {
		return err
	}
	acting, err := h.db.Acting(ctx)
	if err == nil {
		err = h.db.Run(ctx, acting.Pod, database.StopJob, segments.Gpstop(mode), progress)
	}
	var exit *database.UtilityError
	if !errors.As(err, &exit) && !errors.Is(err, database.ErrSilent) {
		return err
	}
	// Of a database that is half made or half down, gpstop may not want to know.
	progress(fmt.Sprintf("each pod stops its own instances: %v", err))
	list, err := h.pods.List(ctx)
	if err != nil {
		return err
	}
	var dirs []database.PodDirs
	for i := range list {
		if pods.Running(&list[i]) {
			dirs = append(dirs, database.PodDirs{Pod: list[i].Name})
		}
	}
	return h.db.StopInstances(ctx, dirs)
}

// Modes of gpstop. gpk waits for the clients of a smart stop itself: gpstop turns new ones away meanwhile and, after two minutes,
// asks a person how to go on; where there is none, it kills the coordinator (gpstop, _stop_coordinator_smart).
const (
	smart = "smart"
	fast  = "fast"
)

// smartPatience is how long clients get to leave: as long as gpstop's own time-out.
const smartPatience = 2 * time.Minute

// clientsGone waits until it is known that no client is connected to the coordinator. Nothing has been changed until then.
func (h *stoppedHandler) clientsGone(ctx context.Context, progress func(string)) error {
	var there []string
	err := engine.Until(ctx, smartPatience, progress, func() (_ []string, err error) {
		there, err = h.clients(ctx)
		return there, err
	}, fmt.Sprintf("after %s it is not so that no client is connected, and the database goes on: %%s", smartPatience))
	if err != nil && ctx.Err() == nil && len(there) > 0 {
		return &engine.NextError{Err: err, Next: engine.Next("have the clients leave, or end their sessions with --mode fast")}
	}
	return err
}

// clients are the sessions of clients, in words, or why they cannot be known. A coordinator that does not run has none.
func (h *stoppedHandler) clients(ctx context.Context) ([]string, error) {
	acting, err := h.db.Acting(ctx)
	if errors.Is(err, database.ErrSilent) {
		state, stateErr := h.store.State(ctx)
		facts, asked := acting.Pods[state[plan.StateCoordinator]]
		if stateErr != nil || !asked || facts.Marker != "" && facts.Instances[topology.CoordinatorDir] != "running" {
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
