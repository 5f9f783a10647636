package apply

import (
	"context"
	"errors"
	"fmt"

	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// eligibleHandler finds out whether the standby may take over. There is nothing that it could do about it.
type eligibleHandler struct {
	nothing
	target *Target
	action plan.Eligible
}

func (h *eligibleHandler) Check(ctx context.Context) (Finding, error) {
	acting, err := h.target.Acting(ctx)
	switch {
	case errors.Is(err, errSilent):
		return h.silent(ctx)
	case err != nil:
		return Finding{}, err
	case acting.Pod == h.action.To:
		return Finding{State: Done}, nil
	}
	if finding, err := h.target.unforced(ctx, h.action, acting.Pod); err != nil || finding.State == Blocked {
		return finding, err
	}
	row, found := acting.Catalogue.Find(topology.CoordinatorContent, topology.Mirror)
	switch {
	case !found || row.Pod() != h.action.To:
		return Finding{State: Blocked, Details: []string{"the catalogue has no standby in pod " + h.action.To},
			Next: "gpk recover makes one"}, nil
	case h.action.AcceptLoss || row.Up() && row.Mode == "s":
		return Finding{State: Done}, nil
	}
	return h.refused("the catalogue has the standby in pod " + h.action.To + " as not in sync"), nil
}

// unforced is Blocked where the coordinator answers and nobody has asked for a switch from one that does: the command looked
// before it had the lock, and took it for dead. A takeover whose decision has been noted goes on, however it was begun: the
// coordinator is on its way out.
func (t *Target) unforced(ctx context.Context, e plan.Eligible, acting string) (Finding, error) {
	state, err := t.state(ctx)
	if err != nil || e.Force || state[plan.StateCoordinator] == e.To {
		return Finding{}, err
	}
	return Finding{State: Blocked, Details: []string{"the coordinator in pod " + acting + " answers"},
		Next: "gpk status shows how it is; gpk failover --force switches to pod " + e.To + " all the same"}, nil
}

// silent is for a coordinator that does not answer.
func (h *eligibleHandler) silent(ctx context.Context) (Finding, error) {
	state, err := h.target.state(ctx)
	if err != nil {
		return Finding{}, err
	}
	if state[plan.StateDatabase] == databaseStopped {
		return Finding{State: Blocked, Details: []string{"the database has been stopped"}, Next: "gpk start"}, nil
	}
	finding, err := h.lookAtStandby(ctx)
	if finding.State == Blocked && state[plan.StateCoordinator] == h.action.To {
		finding.Next = orBack(h.action, finding.Next)
	}
	return finding, err
}

// lookAtStandby is for a coordinator that does not answer: what there is to know is in the two pods.
func (h *eligibleHandler) lookAtStandby(ctx context.Context) (Finding, error) {
	f, err := h.target.following(ctx, h.action.To)
	if err != nil {
		return Finding{State: Blocked, Details: []string{fmt.Sprintf("the standby cannot be asked: %v", err)},
			Next: "see to pod " + h.action.To + " first: without it there is no one to take over"}, nil
	}
	if promoted, err := h.target.promoted(ctx, h.action.To, f); err != nil || promoted {
		return Finding{State: Done}, err
	}
	return h.judge(ctx, f)
}

// judge compares what a standby that has not been activated has with what the coordinator had.
func (h *eligibleHandler) judge(ctx context.Context, f segments.Following) (Finding, error) {
	if !f.Follows || f.Instance != "running" {
		found := fmt.Sprintf("the instance in pod %s is %s, and %s", h.action.To, f.Instance, standbyWords(f))
		return Finding{State: Blocked, Details: []string{found},
			Next: "gpk logs " + h.action.To + " says why it does not run; a restart of the pod starts it"}, nil
	}
	if h.action.AcceptLoss {
		return Finding{State: Done}, nil
	}
	loss, err := h.target.loss(ctx, h.action, f)
	if err != nil || loss == "" {
		return Finding{State: Done}, err
	}
	return h.refused(loss), nil
}

func standbyWords(f segments.Following) string {
	if f.Follows {
		return "a standby"
	}
	return "no standby"
}

func (h *eligibleHandler) refused(why string) Finding {
	return Finding{State: Blocked, Details: []string{why}, Next: "bring the coordinator in pod " + h.action.From +
		" back if that can be done. To go on without those transactions: gpk failover --accept-data-loss " + h.action.To}
}

// promoted says whether the standby of a pod has been activated and does not answer yet: it waits for segments until the
// mirrors of those that are lost have taken over.
func (t *Target) promoted(ctx context.Context, pod string, f segments.Following) (bool, error) {
	state, err := t.state(ctx)
	return state[plan.StateCoordinator] == pod && f.Instance == "running" && !f.Follows, err
}

// following asks the standby's pod.
func (t *Target) following(ctx context.Context, pod string) (segments.Following, error) {
	out, err := t.remote.RunSoon(ctx, pod, segments.AskStandby(), askTime)
	if err != nil {
		return segments.Following{}, err
	}
	return segments.ParseFollowing(out)
}
