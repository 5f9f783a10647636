package create

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"gpk/pkg/apply/database"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// initState is how far the database has been initialised.
type initState string

const (
	notInitialised initState = "no instance has been initialised yet"
	initialising   initState = "gpinitsystem is running"
	encrypting     initState = "the database is restarting, to take its certificates"
	interrupted    initState = "an interrupted gpinitsystem left its directories behind"
	unmarked       initState = "the instances are complete, and their volumes are not marked as complete"
	stopped        initState = "the database is stopped"
	initialised    initState = "the database is initialised"
	earlier        initState = "an earlier gpk made the instances, and they are not converted"
	mismatch       initState = "the volumes or the catalogue do not match cluster.yaml"
)

// look decides by the catalogue first, then by the job, then by the directories.
func (h *initialiseHandler) look(ctx context.Context) (initState, []string, error) {
	coordinator := h.action.Topology.Coordinator()
	acting, err := h.db.Acting(ctx)
	if err != nil && !errors.Is(err, database.ErrNoCoordinator) {
		return "", nil, err
	}
	answers, pod := err == nil, acting.Pod
	var missing []string
	if answers {
		missing = acting.Catalogue.Missing(h.action.Topology.Instances)
	} else {
		decided, err := h.store.State(ctx)
		if err != nil {
			return "", nil, err
		}
		pod = cmp.Or(decided[plan.StateCoordinator], coordinator.Pod)
	}
	marked := acting.Pods[pod].Marker == segments.Initialised
	if hosts := acting.Catalogue.FullNames(); len(hosts) > 0 {
		return earlier, []string{string(earlier) + ": the catalogue has the host " + hosts[0]}, nil
	}
	if answers && len(missing) == 0 && marked {
		return initialised, nil, nil
	}
	job, err := h.remote.Job(coordinator.Pod, "gpinitsystem").State(ctx)
	if err != nil {
		return "", nil, err
	}
	restart, err := h.remote.Job(coordinator.Pod, database.RestartJob).State(ctx)
	if err != nil {
		return "", nil, err
	}
	switch {
	case job.Phase == "running":
		return initialising, []string{"since " + job.Since}, nil
	case restart.Phase == "running":
		return encrypting, []string{"since " + restart.Since}, nil
	case answers && len(missing) == 0:
		if answer, err := h.db.PrimariesAnswer(ctx, acting); err != nil || answer {
			return unmarked, nil, err
		}
		return h.lookAtDirectories(ctx)
	case answers && marked:
		return mismatch, missing, nil
	case marked, !answers && job.Phase == "exited" && job.Status == 0:
		return stopped, nil, nil
	}
	return h.lookAtDirectories(ctx)
}

// lookAtDirectories tells empty volumes from those of an interrupted gpinitsystem, and from those with data that gpk did not make.
func (h *initialiseHandler) lookAtDirectories(ctx context.Context) (initState, []string, error) {
	pods := database.ByPod(h.action.Topology.Instances)
	facts, err := h.db.FactsFrom(ctx, h.action.Topology.Coordinator().Pod, pods)
	if err != nil {
		return "", nil, err
	}
	state := notInitialised
	var foreign []string
	for _, pod := range pods {
		switch fact := facts[pod.Pod]; {
		case !fact.Present():
		case fact.Marker == segments.Initialising:
			state = interrupted
		default:
			foreign = append(foreign, fmt.Sprintf("the volume of pod %s holds instances of another cluster, or of an earlier one", pod.Pod))
		}
	}
	if len(foreign) > 0 {
		return mismatch, foreign, nil
	}
	return state, nil, nil
}
