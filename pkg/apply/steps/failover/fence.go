package failover

import (
	"context"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// fenceHandler sees to it that the old coordinator takes no writes any more. The pods' state names the new one, so that the
// old one does not come back after a restart of its pod. Then its instance is stopped or, where nobody reaches it, is waited for
// to stop itself: keep.sh does that where the API server, the standby and more than half of the hosts are out of its reach.
type fenceHandler struct {
	kube   *kube.Client
	remote *remote.Pods
	store  *record.Store
	db     *database.Database
	former *Former
	action plan.Fence
	// waited is set when an instance out of reach must have stopped.
	waited bool
}

// haltTime bounds the stop of a coordinator: a fast one gets a minute (coordinator.sh).
const haltTime = 75 * time.Second

func (h *fenceHandler) Check(ctx context.Context) (engine.Finding, error) {
	acting, err := h.db.Acting(ctx)
	if err == nil && acting.Pod == h.action.To {
		return engine.Finding{State: engine.Done}, nil
	}
	if err != nil && !errors.Is(err, database.ErrSilent) {
		return engine.Finding{}, err
	}
	if err == nil {
		// It may have come back since the step before.
		if finding, err := h.former.unforced(ctx, h.action.Eligible, acting.Pod); err != nil || finding.State == engine.Blocked {
			return finding, err
		}
		return engine.PendingIf([]string{"the coordinator in pod " + acting.Pod + " answers"}), nil
	}
	state, err := h.store.State(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	if state[plan.StateCoordinator] != h.action.To {
		return engine.PendingIf([]string{"the coordinator in pod " + h.action.From + " would come back with its pod"}), nil
	}
	return h.checkInstance(ctx)
}

func (h *fenceHandler) checkInstance(ctx context.Context) (engine.Finding, error) {
	if h.waited || h.action.Fenced {
		return engine.Finding{State: engine.Done}, nil
	}
	out, err := h.former.runAt(ctx, h.action.Eligible, segments.Instances("facts", topology.CoordinatorDir), database.AskTime)
	if errors.Is(err, errUnreachable) {
		return engine.PendingIf([]string{"whether the coordinator in pod " + h.action.From + " still runs cannot be known"}), nil
	}
	if err != nil {
		return engine.Finding{}, err
	}
	facts, err := segments.ParsePodFacts(out)
	if err == nil && facts.Instances[topology.CoordinatorDir] == "running" {
		return engine.PendingIf([]string{"the coordinator's instance in pod " + h.action.From + " runs"}), nil
	}
	return engine.Finding{State: engine.Done}, err
}

func (h *fenceHandler) Do(ctx context.Context, progress func(string)) error {
	term, err := h.store.Decide(ctx, record.ActsIn(h.action.To, h.action.Hosts))
	if err != nil {
		return err
	}
	_, err = h.former.runAt(ctx, h.action.Eligible, segments.HaltCoordinator("fast", term), haltTime)
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
	err = h.kube.API.CoreV1().Pods(h.kube.Ref.Namespace).Delete(ctx, h.action.From, metav1.DeleteOptions{})
	if err != nil {
		progress(fmt.Sprintf("pod %s: %v", h.action.From, err))
	}
	nodes := h.former.nodeClock(ctx, h.action.To)
	wait := max(0, time.Until(h.former.silence(ctx, h.action.From, nodes).stopped))
	progress(fmt.Sprintf("the coordinator in pod %s is cut off: within %s it has stopped itself", h.action.From, wait.Round(time.Second)))
	if err := engine.Sleep(ctx, wait); err != nil {
		return err
	}
	h.waited = true
	return nil
}

// outvoted is an error where the coordinator may be on the larger side of a network that has come apart, and goes on.
func (h *fenceHandler) outvoted(ctx context.Context) error {
	out, err := h.remote.RunSoon(ctx, h.action.To, segments.CountHosts(), database.AskTime)
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
	return &engine.NextError{Err: fmt.Errorf("pod %s cannot be reached, and the standby reaches only %d of %d hosts: the coordinator may be well and "+
		"take writes on the larger side", h.action.From, reached, tried),
		Next: engine.Next("mend the network, or make sure that the coordinator's node is off and give --fenced")}
}
