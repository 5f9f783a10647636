package window

import (
	"context"
	"errors"
	"time"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
)

// startedHandler starts the database with gpstart, in the pod that is to be the acting coordinator's.
type startedHandler struct {
	store  *record.Store
	pods   *pods.Pods
	db     *database.Database
	action plan.Started
}

func (h *startedHandler) Check(ctx context.Context) (engine.Finding, error) {
	state, err := h.store.State(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	if state[plan.StateCoordinator] == "" {
		return database.UnfinishedCluster(), nil
	}
	if h.action.AnyPrimary && state[plan.StateDatabase] == record.DatabaseStopped {
		return engine.Finding{State: engine.Blocked, Details: []string{"the database has been stopped"}, Next: engine.Next(plan.Gpk("start"))}, nil
	}
	acting, err := h.db.Acting(ctx)
	if errors.Is(err, database.ErrSilent) {
		return h.silent(ctx, state[plan.StateCoordinator], err)
	}
	if err != nil {
		return engine.Finding{}, err
	}
	return h.look(ctx, acting, state)
}

// silent is for a coordinator that does not answer: it can be started where its pod runs.
func (h *startedHandler) silent(ctx context.Context, pod string, silence error) (engine.Finding, error) {
	runs, err := h.pods.Runs(ctx, pod)
	if runs && !h.db.IsLost(pod) || err != nil || !h.action.AnyPrimary {
		return engine.PendingIf([]string{remote.Summary(silence)}), err
	}
	return engine.Finding{State: engine.Blocked, Details: []string{"the coordinator's pod " + pod + " cannot be reached: " + remote.Summary(silence)},
		Next: engine.Next(plan.Gpk("failover"), " lets the standby take over; or bring the pod's node back")}, nil
}

func (h *startedHandler) look(ctx context.Context, acting database.Acting, state map[string]string) (engine.Finding, error) {
	if state[plan.StateDatabase] != record.DatabaseRuns {
		return engine.PendingIf([]string{"pods that restart would leave their instances down"}), nil
	}
	whole, err := h.db.PrimariesAnswer(ctx, acting)
	if err != nil {
		return engine.Finding{}, err
	}
	faults := acting.Catalogue.Unhealthy()
	switch {
	case h.action.AnyPrimary:
		return engine.Finding{State: engine.Done}, nil
	case !whole:
		return engine.Finding{State: engine.Blocked, Details: append([]string{"the coordinator answers, and not every segment does"}, faults...),
			Next: engine.Next(plan.Gpk("recover"))}, nil
	}
	for i, fault := range faults {
		faults[i] = fault + ": `gpk recover` mends it"
	}
	return engine.Finding{State: engine.Done, Details: faults}, nil
}

// Do lets the pods know first: whoever of them restarts from then on starts its instances too, and does no harm by it.
func (h *startedHandler) Do(ctx context.Context, progress func(string)) error {
	state, err := h.store.State(ctx)
	if err != nil {
		return err
	}
	decision := map[string]string{plan.StateDatabase: record.DatabaseRuns, plan.StateHosts: record.HostLines(h.action.Hosts)}
	if err := h.db.Announce(ctx, decision, progress); err != nil {
		return err
	}
	// A coordinator that answers may be about to be stopped.
	if err := h.db.ComeToEnd(ctx, []string{database.StopJob, database.RestartJob}, progress); err != nil {
		return err
	}
	if _, err := h.db.Acting(ctx); !errors.Is(err, database.ErrSilent) {
		return err
	}
	utility, err := h.db.Gpstart(ctx, state[plan.StateCoordinator], h.action.Coordinators, pods.PodPatience, progress)
	if err != nil {
		return err
	}
	err = h.db.Run(ctx, state[plan.StateCoordinator], database.StartJob, utility, progress)
	var exit *database.UtilityError
	if !errors.As(err, &exit) {
		return err
	}
	// A pod that has restarted meanwhile is at it as well, and the second of two is told off. What counts is what answers.
	return errors.Join(err, h.db.AwaitActing(ctx, lateStart, progress))
}

// lateStart is how long a start that another one was in the way of gets.
const lateStart = 20 * time.Second
