package apply

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// stoppedHandler stops the database, if it answers. One that does not answer has nothing left to stop in order: its pods stop
// their instances cleanly by themselves.
type stoppedHandler struct {
	target *Target
	action plan.Stopped
}

func (h *stoppedHandler) Check(ctx context.Context) (Finding, error) {
	if len(h.action.Replacing) > 0 {
		if old, err := h.target.toReplace(ctx, h.action.Replacing); err != nil || len(old) == 0 {
			return Finding{State: Done}, err
		}
	}
	if len(h.action.Keep) > 0 {
		return h.checkKept(ctx)
	}
	acting, err := h.target.Acting(ctx)
	if errors.Is(err, errSilent) {
		return Finding{State: Done}, nil
	}
	if err != nil {
		return Finding{}, err
	}
	return pendingIf([]string{"the database runs, with its coordinator in pod " + acting.Pod}), nil
}

// checkKept looks for instances that run, in every pod that does.
func (h *stoppedHandler) checkKept(ctx context.Context) (Finding, error) {
	state, err := h.target.state(ctx)
	if err != nil {
		return Finding{}, err
	}
	if state[plan.StateCoordinator] == "" {
		return unfinishedCluster(), nil
	}
	var details []string
	if state[plan.StateDatabase] != databaseStopped {
		details = []string{"pods that restart would start their instances"}
	}
	up, err := h.runningInstances(ctx, h.action.Keep)
	if err != nil {
		return Finding{}, err
	}
	if details = append(details, up...); len(details) > 0 && h.action.Again {
		if finding, ok, err := h.target.noneOverdue(ctx); err != nil || !ok {
			return finding, err
		}
	}
	return pendingIf(details), nil
}

// unfinishedCluster is the answer where create has not come to its end.
func unfinishedCluster() Finding {
	return Finding{State: Blocked, Details: []string{"the cluster has not been made to the end"},
		Next: "gpk create -f cluster.yaml goes on with it"}
}

// runningInstances are those of the instances that run, in words, in the pods that do.
func (h *stoppedHandler) runningInstances(ctx context.Context, instances []topology.Instance) ([]string, error) {
	pods, err := h.target.Pods(ctx)
	if err != nil {
		return nil, err
	}
	asked := byPod(instances)
	asked = slices.DeleteFunc(asked, func(p podDirs) bool {
		return !slices.ContainsFunc(pods, byNameRunning(p.pod))
	})
	facts, err := h.target.facts(ctx, asked)
	if err != nil {
		return nil, err
	}
	var up []string
	for _, pod := range asked {
		found := facts[pod.pod].Instances
		for _, dir := range slices.Sorted(maps.Keys(found)) {
			if found[dir] == "running" {
				up = append(up, fmt.Sprintf("the instance in %s of pod %s runs", dir, pod.pod))
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
		if err := h.target.announce(ctx, map[string]string{plan.StateDatabase: databaseStopped}, progress); err != nil {
			return err
		}
	}
	if err := h.target.comeToEnd(ctx, []string{startJob, restartJob, stopJob}, progress); err != nil {
		return err
	}
	acting, err := h.target.Acting(ctx)
	if err == nil {
		err = h.target.runJob(ctx, acting.Pod, stopJob, segments.Gpstop(mode), progress)
	}
	var exit *UtilityError
	if !errors.As(err, &exit) && !errors.Is(err, errSilent) {
		return err
	}
	// Of a database that is half made or half down, gpstop may not want to know.
	progress(fmt.Sprintf("each pod stops its own instances: %v", err))
	pods, err := h.target.Pods(ctx)
	if err != nil {
		return err
	}
	var dirs []podDirs
	for i := range pods {
		if running(&pods[i]) {
			dirs = append(dirs, podDirs{pod: pods[i].Name})
		}
	}
	return h.target.instances(ctx, "stop", dirs)
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
	err := until(ctx, smartPatience, progress, func() (_ []string, err error) {
		there, err = h.clients(ctx)
		return there, err
	}, fmt.Sprintf("after %s it is not so that no client is connected, and the database goes on: %%s", smartPatience))
	if err != nil && ctx.Err() == nil && len(there) > 0 {
		return &NextError{err, "have the clients leave, or end their sessions with --mode fast"}
	}
	return err
}

// clients are the sessions of clients, in words, or why they cannot be known. A coordinator that does not run has none.
func (h *stoppedHandler) clients(ctx context.Context) ([]string, error) {
	acting, err := h.target.Acting(ctx)
	if errors.Is(err, errSilent) {
		state, stateErr := h.target.state(ctx)
		facts, asked := acting.Pods[state[plan.StateCoordinator]]
		if stateErr != nil || !asked || facts.Marker != "" && facts.Instances[topology.CoordinatorDir] != "running" {
			return nil, stateErr
		}
		return []string{firstLine(err)}, nil
	}
	if err != nil {
		return nil, err
	}
	out, err := h.target.sql(ctx, acting, "postgres", segments.ClientsSQL)
	var exit *remote.Error
	switch {
	case errors.As(err, &exit):
		return []string{exit.Why()}, nil
	case err != nil || out == "":
		return nil, err
	}
	return strings.Split(out, "\n"), nil
}

// startedHandler starts the database with gpstart, in the pod that is to be the acting coordinator's.
type startedHandler struct {
	target *Target
	action plan.Started
}

func (h *startedHandler) Check(ctx context.Context) (Finding, error) {
	state, err := h.target.state(ctx)
	if err != nil {
		return Finding{}, err
	}
	if state[plan.StateCoordinator] == "" {
		return unfinishedCluster(), nil
	}
	if h.action.AnyPrimary && state[plan.StateDatabase] == databaseStopped {
		return Finding{State: Blocked, Details: []string{"the database has been stopped"}, Next: "gpk start"}, nil
	}
	acting, err := h.target.Acting(ctx)
	if errors.Is(err, errSilent) {
		return h.silent(ctx, state[plan.StateCoordinator], err)
	}
	if err != nil {
		return Finding{}, err
	}
	return h.look(ctx, acting, state)
}

// silent is for a coordinator that does not answer: it can be started where its pod runs.
func (h *startedHandler) silent(ctx context.Context, pod string, silence error) (Finding, error) {
	runs, err := h.target.podRuns(ctx, pod)
	if runs && !h.target.isLost(pod) || err != nil || !h.action.AnyPrimary {
		return pendingIf([]string{firstLine(silence)}), err
	}
	return Finding{State: Blocked, Details: []string{"the coordinator's pod " + pod + " cannot be reached: " + firstLine(silence)},
		Next: "gpk failover lets the standby take over; or bring the pod's node back"}, nil
}

func (h *startedHandler) look(ctx context.Context, acting Acting, state map[string]string) (Finding, error) {
	if state[plan.StateDatabase] != databaseRuns {
		return pendingIf([]string{"pods that restart would leave their instances down"}), nil
	}
	whole, err := h.target.primariesAnswer(ctx, acting)
	if err != nil {
		return Finding{}, err
	}
	faults := acting.Catalogue.Unhealthy()
	switch {
	case h.action.AnyPrimary:
		return Finding{State: Done}, nil
	case !whole:
		return Finding{State: Blocked, Details: append([]string{"the coordinator answers, and not every segment does"}, faults...),
			Next: "gpk recover"}, nil
	}
	for i, fault := range faults {
		faults[i] = fault + ": `gpk recover` mends it"
	}
	return Finding{State: Done, Details: faults}, nil
}

// Do lets the pods know first: whoever of them restarts from then on starts its instances too, and does no harm by it.
func (h *startedHandler) Do(ctx context.Context, progress func(string)) error {
	state, err := h.target.state(ctx)
	if err != nil {
		return err
	}
	decision := map[string]string{plan.StateDatabase: databaseRuns, plan.StateHosts: hostLines(h.action.Hosts)}
	if err := h.target.announce(ctx, decision, progress); err != nil {
		return err
	}
	// A coordinator that answers may be about to be stopped.
	if err := h.target.comeToEnd(ctx, []string{stopJob, restartJob}, progress); err != nil {
		return err
	}
	if _, err := h.target.Acting(ctx); !errors.Is(err, errSilent) {
		return err
	}
	utility, err := h.target.gpstart(ctx, state[plan.StateCoordinator], h.action.Coordinators, podPatience, progress)
	if err != nil {
		return err
	}
	err = h.target.runJob(ctx, state[plan.StateCoordinator], startJob, utility, progress)
	var exit *UtilityError
	if !errors.As(err, &exit) {
		return err
	}
	// A pod that has restarted meanwhile is at it as well, and the second of two is told off. What counts is what answers.
	return errors.Join(err, h.target.awaitActing(ctx, lateStart, progress))
}

// lateStart is how long a start that another one was in the way of gets.
const lateStart = 20 * time.Second
