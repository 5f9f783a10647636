package failover

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// activateJob is the name of gpactivatestandby's job.
const activateJob = "gpactivatestandby"

// activateHandler makes the standby the coordinator, with gpactivatestandby in its pod.
type activateHandler struct {
	remote *remote.Pods
	store  *record.Store
	db     *database.Database
	former *Former
	action plan.Activate
}

func (h *activateHandler) Check(ctx context.Context) (engine.Finding, error) {
	acting, err := h.db.Acting(ctx)
	switch {
	case errors.Is(err, database.ErrSilent):
		return engine.PendingIf([]string{"no coordinator answers"}), nil
	case err != nil:
		return engine.Finding{}, err
	case acting.Pod != h.action.To:
		return engine.PendingIf([]string{"the coordinator in pod " + acting.Pod + " acts"}), nil
	}
	return engine.Finding{State: engine.Done}, nil
}

// Do looks at the logs once more: a coordinator that has been stopped in order has sent all that it had.
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
		finding, err := (&eligibleHandler{store: h.store, db: h.db, former: h.former, action: h.action.Eligible}).judge(ctx, f)
		if err != nil {
			return err
		}
		if finding.State != engine.Done {
			return &engine.NextError{Err: errors.New(engine.FirstOf(finding.Details)), Next: orBack(h.action.Eligible, finding.Next)}
		}
		if err := h.elect(ctx); err != nil {
			return err
		}
		if err := h.db.Run(ctx, h.action.To, activateJob, segments.ActivateStandby(), progress); err != nil {
			return err
		}
	}
	return h.db.AwaitActing(ctx, activationPatience, progress)
}

// elect has the pod know the decision that its instance becomes the coordinator by. Until that comes into the pod by itself, the
// pod sees the one before, and would stop the new coordinator as a stray.
func (h *activateHandler) elect(ctx context.Context) error {
	state, err := h.store.State(ctx)
	if err != nil {
		return err
	}
	if state[plan.StateCoordinator] != h.action.To {
		return fmt.Errorf("the decision that pod %s is to act is gone: pod '%s' is", h.action.To, state[plan.StateCoordinator])
	}
	_, err = h.remote.Run(ctx, h.action.To, segments.Learn(state[plan.StateTerm]))
	return err
}

// activationPatience is how long a new coordinator may take to answer: until it knows what becomes of every transaction that was
// under way, for which it needs a primary of every content.
const activationPatience = 15 * time.Minute
