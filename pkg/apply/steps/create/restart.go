package create

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// restartPatience is how long pods that restart have to start their instances by themselves: keep.sh waits a minute for hosts that do not
// answer.
const restartPatience = 100 * time.Second

// start starts a database that was made before. Pods that know the acting coordinator start it by themselves, and a second gpstart would
// fail. gpstart is for a database that was stopped, and for volumes of a deleted cluster.
func (h *initialiseHandler) start(ctx context.Context, progress func(string)) error {
	state, err := h.store.State(ctx)
	if err != nil {
		return err
	}
	if state[plan.StateDatabase] == record.DatabaseRuns {
		progress("waiting for the pods to start their instances")
		for until := time.Now().Add(restartPatience); time.Now().Before(until); {
			if _, err := h.db.Acting(ctx); !errors.Is(err, database.ErrNoCoordinator) {
				return err
			}
			if err := engine.Sleep(ctx, time.Second); err != nil {
				return err
			}
		}
	}
	pod := state[plan.StateCoordinator]
	if pod == "" {
		if pod, err = h.coordinatorByVolume(ctx); err != nil {
			return err
		}
	}
	hosts := []string{h.action.Topology.Coordinator().Host}
	if standby, wanted := h.action.Topology.Standby(); wanted {
		hosts = append(hosts, standby.Host)
	}
	gpstart, err := h.db.Gpstart(ctx, pod, hosts, pods.PodPatience, progress)
	if err != nil {
		return err
	}
	return h.db.Run(ctx, pod, database.StartJob, gpstart, progress)
}

// coordinatorByVolume is the pod whose volume has the coordinator, when `gpk delete` has removed gpk's decision. After a failover it may be
// the second pod, and the first one has the standby.
func (h *initialiseHandler) coordinatorByVolume(ctx context.Context) (string, error) {
	first := h.action.Topology.Coordinator().Pod
	standby, wanted := h.action.Topology.Standby()
	if !wanted {
		return first, nil
	}
	var coordinators []string
	for _, pod := range []string{first, standby.Pod} {
		f, err := h.db.Following(ctx, pod)
		if err != nil {
			return "", err
		}
		if f.Instance != segments.Absent && !f.Follows {
			coordinators = append(coordinators, pod)
		}
	}
	if len(coordinators) < 2 {
		return append(coordinators, first)[0], nil
	}
	return "", &engine.NextError{Err: fmt.Errorf("the volumes of pods %s and %s both have a coordinator: a failover did not make "+
		"a standby of the old one", first, standby.Pod), Next: engine.Next("the old coordinator has the lower timeline (pg_controldata); move " +
		topology.CoordinatorDir + " aside in its pod, and run the same command again")}
}
