package failover

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// activationPatience is how long a new coordinator may take to answer. It first finds out how every unfinished transaction ended,
// for which it needs a primary of every content.
const activationPatience = 15 * time.Minute

// activateHandler makes the standby the coordinator, with gpactivatestandby in its pod.
type activateHandler struct {
	*OldCoordinator
	action plan.Activate
}

func (h *activateHandler) Check(ctx context.Context) (engine.Finding, error) {
	acting, err := h.db.Acting(ctx)
	switch {
	case errors.Is(err, database.ErrNoCoordinator):
		details := []string{"no coordinator answers"}
		if evidence := h.found.known(); evidence != "" {
			// The journal has this detail before the activation begins.
			details = append(details, "the old one in pod "+h.action.From+" takes no more writes, evidence "+string(evidence))
		}
		return engine.PendingIf(details), nil
	case err != nil:
		return engine.Finding{}, err
	case acting.Pod != h.action.To:
		return engine.PendingIf([]string{"the coordinator in pod " + acting.Pod + " acts"}), nil
	}
	return engine.Finding{State: engine.Done}, nil
}

// Do compares the logs once more: a coordinator that was shut down cleanly has sent all of its log.
func (h *activateHandler) Do(ctx context.Context, progress func(string)) error {
	f, err := h.db.Following(ctx, h.action.To)
	if err != nil {
		return err
	}
	promoted, err := h.db.Promoted(ctx, h.action.To, f)
	if err != nil {
		return err
	}
	if !promoted {
		if err := h.onEvidence(h.action.From); err != nil {
			return err
		}
		finding, err := (&eligibleHandler{OldCoordinator: h.OldCoordinator, action: h.action.Eligible}).compareLogs(ctx, f, true)
		if err != nil {
			return err
		}
		if finding.State != engine.Done {
			return &engine.NextError{Err: errors.New(engine.FirstOf(finding.Details)), Next: orRollBack(h.action.Eligible, finding.Next)}
		}
		if err := h.learnDecision(ctx); err != nil {
			return err
		}
		if err := h.db.Run(ctx, h.action.To, database.ActivateJob, segments.ActivateStandby(), progress); err != nil {
			return err
		}
	}
	return h.db.AwaitActing(ctx, activationPatience, progress)
}

// learnDecision has the pod know the decision by which its instance becomes the coordinator. Until the ConfigMap reaches the pod, it
// shows the decision before, by which the pod would stop the new coordinator.
func (h *activateHandler) learnDecision(ctx context.Context) error {
	state, err := h.store.State(ctx)
	if err != nil {
		return err
	}
	if state[plan.StateCoordinator] != h.action.To {
		return fmt.Errorf("the recorded coordinator was changed during the failover: it is pod '%s' instead of pod %s",
			state[plan.StateCoordinator], h.action.To)
	}
	_, err = h.remote.Run(ctx, h.action.To, segments.Learn(state[plan.StateTerm]))
	return err
}
