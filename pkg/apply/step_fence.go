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
		// It may have come back since the step before.
		if finding, err := h.target.unforced(ctx, h.action.Eligible, acting.Pod); err != nil || finding.State == Blocked {
			return finding, err
		}
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
	term, err := h.target.decide(ctx, actsIn(h.action.To, h.action.Hosts))
	if err != nil {
		return err
	}
	_, err = h.target.runAt(ctx, h.action.Eligible, segments.HaltCoordinator("fast", term), haltTime)
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
	nodes := h.target.nodeClock(ctx, h.action.To)
	wait := max(0, time.Until(h.target.silence(ctx, h.action.From, nodes).stopped))
	progress(fmt.Sprintf("the coordinator in pod %s is cut off: within %s it has stopped itself", h.action.From, wait.Round(time.Second)))
	if err := sleep(ctx, wait); err != nil {
		return err
	}
	h.waited = true
	return nil
}

// outvoted is an error where the coordinator may be on the larger side of a network that has come apart, and goes on.
func (h *fenceHandler) outvoted(ctx context.Context) error {
	out, err := h.target.remote.RunSoon(ctx, h.action.To, segments.CountHosts(), askTime)
	if err != nil {
		return err
	}
	reached, tried, err := segments.ParseHosts(out)
	if err != nil {
		return err
	}
	if tried > 0 && 2*reached >= tried {
		return nil
	}
	return &NextError{fmt.Errorf("pod %s cannot be reached, and the standby reaches only %d of %d hosts: the coordinator may be well and "+
		"take writes on the larger side", h.action.From, reached, tried),
		"mend the network, or make sure that the coordinator's node is off and give --fenced"}
}
