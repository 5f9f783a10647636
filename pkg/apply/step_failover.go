package apply

import (
	"context"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// eligibleHandler finds out whether the standby may take over. There is nothing that it could do about it.
type eligibleHandler struct {
	target *Target
	action plan.Eligible
}

func (h *eligibleHandler) Check(ctx context.Context) (Finding, error) {
	acting, err := h.target.Acting(ctx)
	switch {
	case errors.Is(err, errSilent):
		return h.lookAtStandby(ctx)
	case err != nil:
		return Finding{}, err
	case acting.Pod == h.action.To:
		return Finding{State: Done}, nil
	}
	row, found := acting.Catalogue.Find(topology.CoordinatorContent, topology.Mirror)
	switch {
	case !found || row.Pod() != h.action.To:
		return Finding{State: Blocked, Details: []string{"the catalogue has no standby in pod " + h.action.To}, Next: "gpk recover makes one"}, nil
	case h.action.AcceptLoss || row.Up() && row.Mode == "s":
		return Finding{State: Done}, nil
	}
	return h.refused("the catalogue has the standby in pod " + h.action.To + " as not in sync"), nil
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
	if !f.Follows || f.Instance != "running" {
		return Finding{State: Blocked, Details: []string{fmt.Sprintf("the instance in pod %s is %s, and %s", h.action.To, f.Instance, standbyWords(f))},
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

func (h *eligibleHandler) Do(context.Context, func(string)) error { return nil }

// promoted says whether the standby of a pod has been activated and does not answer yet: it waits for segments until the
// mirrors of those that are lost have taken over.
func (t *Target) promoted(ctx context.Context, pod string, f segments.Following) (bool, error) {
	state, err := t.state(ctx)
	return state[plan.StateCoordinator] == pod && f.Instance == "running" && !f.Follows, err
}

// following asks the standby's pod.
func (t *Target) following(ctx context.Context, pod string) (segments.Following, error) {
	out, err := t.runSoon(ctx, pod, segments.AskStandby(), askTime)
	if err != nil {
		return segments.Following{}, err
	}
	return segments.ParseFollowing(out)
}

// fenceHandler sees to it that the old coordinator takes no writes any more. The pods' state names the new one, so that the
// old one does not come back after a restart of its pod. Then its instance is stopped or, where nobody reaches it, is waited for
// to stop itself: keep.sh does that where the API server, the standby and more than half of the hosts are out of its reach.
type fenceHandler struct {
	target *Target
	action plan.Fence
	// waited is set when an instance out of reach must have stopped.
	waited bool
}

// haltTime bounds the stop of a coordinator: a fast one gets a minute (coordinator.sh).
const haltTime = 75 * time.Second

func (h *fenceHandler) Check(ctx context.Context) (Finding, error) {
	acting, err := h.target.Acting(ctx)
	if err == nil && acting.Pod == h.action.To {
		return Finding{State: Done}, nil
	}
	if err != nil && !errors.Is(err, errSilent) {
		return Finding{}, err
	}
	if err == nil {
		return pendingIf([]string{"the coordinator in pod " + acting.Pod + " answers"}), nil
	}
	state, err := h.target.state(ctx)
	if err != nil {
		return Finding{}, err
	}
	if state[plan.StateCoordinator] != h.action.To {
		return pendingIf([]string{"the coordinator in pod " + h.action.From + " would come back with its pod"}), nil
	}
	return h.checkInstance(ctx)
}

func (h *fenceHandler) checkInstance(ctx context.Context) (Finding, error) {
	if h.waited || h.action.Fenced {
		return Finding{State: Done}, nil
	}
	out, err := h.target.runAt(ctx, h.action.Eligible, segments.Instances("facts", topology.CoordinatorDir), askTime)
	if errors.Is(err, errUnreachable) {
		return pendingIf([]string{"whether the coordinator in pod " + h.action.From + " still runs cannot be known"}), nil
	}
	if err != nil {
		return Finding{}, err
	}
	facts, err := segments.ParsePodFacts(out)
	if err == nil && facts.Instances[topology.CoordinatorDir] == "running" {
		return pendingIf([]string{"the coordinator's instance in pod " + h.action.From + " runs"}), nil
	}
	return Finding{State: Done}, err
}

func (h *fenceHandler) Do(ctx context.Context, progress func(string)) error {
	began := time.Now()
	decided := map[string]string{plan.StateCoordinator: h.action.To, plan.StateDatabase: databaseRuns, plan.StateHosts: hostLines(h.action.Hosts)}
	if err := h.target.decide(ctx, decided); err != nil {
		return err
	}
	_, err := h.target.runAt(ctx, h.action.Eligible, segments.HaltCoordinator("fast"), haltTime)
	if !errors.Is(err, errUnreachable) {
		return err
	}
	progress(err.Error())
	if h.action.Fenced {
		return nil
	}
	if err := h.outvoted(ctx); err != nil {
		return err
	}
	// A kubelet that comes back then ends the pod before anything else.
	err = h.target.client.CoreV1().Pods(h.target.Ref.Namespace).Delete(ctx, h.action.From, metav1.DeleteOptions{})
	if err != nil {
		progress(fmt.Sprintf("pod %s: %v", h.action.From, err))
	}
	wait := max(0, time.Until(h.target.silence(ctx, h.action.From, began).stopped))
	progress(fmt.Sprintf("the coordinator in pod %s is cut off: within %s it has stopped itself", h.action.From, wait.Round(time.Second)))
	if err := sleep(ctx, wait); err != nil {
		return err
	}
	h.waited = true
	return nil
}

// outvoted is an error where the coordinator may be on the larger side of a network that has come apart, and goes on.
func (h *fenceHandler) outvoted(ctx context.Context) error {
	f, err := h.target.following(ctx, h.action.To)
	if err != nil {
		return err
	}
	if 2*f.Reached >= f.Hosts {
		return nil
	}
	return &NextError{fmt.Errorf("pod %s cannot be reached, and the standby reaches only %d of %d hosts: the coordinator may be well and "+
		"take writes on the larger side", h.action.From, f.Reached, f.Hosts),
		"mend the network, or make sure that the coordinator's node is off and give --fenced"}
}

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
		finding, err := (&eligibleHandler{h.target, h.action.Eligible}).Check(ctx)
		if err != nil {
			return err
		}
		if finding.State != Done {
			return &NextError{errors.New(firstOf(finding.Details)), finding.Next}
		}
		if err := h.target.runJob(ctx, h.action.To, "gpactivatestandby", segments.ActivateStandby(), progress); err != nil {
			return err
		}
	}
	return h.target.awaitActing(ctx, activationPatience, progress)
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
