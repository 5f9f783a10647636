package apply

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// activateJob is the name of gpactivatestandby's job.
const activateJob = "gpactivatestandby"

// activateHandler makes the standby the coordinator, with gpactivatestandby in its pod.
type activateHandler struct {
	target *Target
	action plan.Activate
}

func (h *activateHandler) Check(ctx context.Context) (Finding, error) {
	acting, err := h.target.Acting(ctx)
	switch {
	case errors.Is(err, errSilent):
		return pendingIf([]string{"no coordinator answers"}), nil
	case err != nil:
		return Finding{}, err
	case acting.Pod != h.action.To:
		return pendingIf([]string{"the coordinator in pod " + acting.Pod + " acts"}), nil
	}
	return Finding{State: Done}, nil
}

// Do looks at the logs once more: a coordinator that has been stopped in order has sent all that it had.
func (h *activateHandler) Do(ctx context.Context, progress func(string)) error {
	f, err := h.target.following(ctx, h.action.To)
	if err != nil {
		return err
	}
	promoted, err := h.target.promoted(ctx, h.action.To, f)
	if err != nil {
		return err
	}
	if !promoted {
		finding, err := (&eligibleHandler{target: h.target, action: h.action.Eligible}).judge(ctx, f)
		if err != nil {
			return err
		}
		if finding.State != Done {
			return &NextError{errors.New(firstOf(finding.Details)), orBack(h.action.Eligible, finding.Next)}
		}
		if err := h.elect(ctx); err != nil {
			return err
		}
		if err := h.target.runJob(ctx, h.action.To, activateJob, segments.ActivateStandby(), progress); err != nil {
			return err
		}
	}
	return h.target.awaitActing(ctx, activationPatience, progress)
}

// elect has the pod know the decision that its instance becomes the coordinator by. Until that comes into the pod by itself, the
// pod sees the one before, and would stop the new coordinator as a stray.
func (h *activateHandler) elect(ctx context.Context) error {
	state, err := h.target.state(ctx)
	if err != nil {
		return err
	}
	if state[plan.StateCoordinator] != h.action.To {
		return fmt.Errorf("the decision that pod %s is to act is gone: pod '%s' is", h.action.To, state[plan.StateCoordinator])
	}
	_, err = h.target.remote.Run(ctx, h.action.To, segments.Learn(state[plan.StateTerm]))
	return err
}

// activationPatience is how long a new coordinator may take to answer: until it knows what becomes of every transaction that was
// under way, for which it needs a primary of every content.
const activationPatience = 15 * time.Minute

// awaitActing waits until a coordinator answers.
func (t *Target) awaitActing(ctx context.Context, patience time.Duration, progress func(string)) error {
	return until(ctx, patience, progress, func() ([]string, error) {
		_, err := t.Acting(ctx)
		if errors.Is(err, errSilent) {
			return []string{firstLine(err)}, nil
		}
		return nil, err
	}, "%s")
}
