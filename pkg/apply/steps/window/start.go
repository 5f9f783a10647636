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

// startHandler starts the database with gpstart, in the pod whose coordinator should act.
type startHandler struct {
	remote *remote.Pods
	store  *record.Store
	pods   *pods.Pods
	db     *database.Database
	action plan.Started
}

func (h *startHandler) Check(ctx context.Context) (engine.Finding, error) {
	state, err := h.store.State(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	if state[plan.StateCoordinator] == "" {
		return database.UnfinishedCluster(), nil
	}
	if h.action.AnyPrimary && state[plan.StateDatabase] == record.DatabaseStopped {
		return engine.BlockedBy("the database has been stopped", plan.Gpk("start")), nil
	}
	acting, err := h.db.Acting(ctx)
	if errors.Is(err, database.ErrNoCoordinator) {
		return h.silent(ctx, state[plan.StateCoordinator], err)
	}
	if err != nil {
		return engine.Finding{}, err
	}
	return h.look(ctx, acting, state)
}

// silent is the finding while no coordinator answers: gpk can start one if its pod runs.
func (h *startHandler) silent(ctx context.Context, pod string, silence error) (engine.Finding, error) {
	runs, err := h.pods.Runs(ctx, pod)
	if runs && h.remote.Ways.Unreachable(remote.ByExec(pod)) == nil || err != nil || !h.action.AnyPrimary {
		return engine.PendingIf([]string{remote.Summary(silence)}), err
	}
	next := engine.Next("restore the node of the pod")
	if len(h.pods.Lost(ctx, []string{pod})) > 0 {
		next = engine.Next(h.pods.ByForce(pod), ", and run this again")
	}
	return engine.BlockedBy("the coordinator's pod "+pod+" is unreachable: "+remote.Summary(silence),
		next, ", or let the standby take over: ", plan.Gpk("failover")), nil
}

func (h *startHandler) look(ctx context.Context, acting database.Acting, state map[string]string) (engine.Finding, error) {
	if state[plan.StateDatabase] != record.DatabaseRuns {
		return engine.PendingIf([]string{"pods that restart would not start their instances"}), nil
	}
	answer, err := h.db.PrimariesAnswer(ctx, acting)
	if err != nil {
		return engine.Finding{}, err
	}
	finding := engine.Finding{State: engine.Done}
	if h.action.AnyPrimary {
		return finding, nil
	}
	if finding.Details = acting.Catalogue.Unhealthy(); len(finding.Details) > 0 {
		finding.Next = engine.Next(plan.Gpk("recover"))
	}
	if !answer {
		finding = engine.BlockedBy("the coordinator answers, but not every segment does", plan.Gpk("recover"))
		finding.Details = append(finding.Details, acting.Catalogue.Unhealthy()...)
	}
	return finding, nil
}

// Do tells the pods first. A pod that restarts from then on starts its instances too, which does no harm.
func (h *startHandler) Do(ctx context.Context, progress func(string)) error {
	state, err := h.store.State(ctx)
	if err != nil {
		return err
	}
	decision := map[string]string{plan.StateDatabase: record.DatabaseRuns, plan.StateHosts: record.HostLines(h.action.Hosts)}
	if err := h.db.Announce(ctx, decision, progress); err != nil {
		return err
	}
	// A coordinator that answers now may be about to stop.
	if err := h.db.AwaitJobs(ctx, []string{database.StopJob, database.RestartJob}, progress); err != nil {
		return err
	}
	if _, err := h.db.Acting(ctx); !errors.Is(err, database.ErrNoCoordinator) {
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
	// A pod that restarted meanwhile runs gpstart too, and the second gpstart fails. An answer of the coordinator decides.
	return errors.Join(err, h.db.AwaitActing(ctx, otherStart, progress))
}

// otherStart is how long the coordinator has to answer after gpstart failed, since a pod may be starting it.
const otherStart = 20 * time.Second
