package failover

import (
	"context"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// fenceHandler keeps the old coordinator from taking writes. It records the new one in the pods' state, so that the old one does not
// start again with its pod. Then it stops the old instance. An unreachable instance stops itself, and the handler waits for
// that: keep.sh stops it when the API server, the standby and more than half of the hosts are unreachable from there.
type fenceHandler struct {
	*OldCoordinator
	action plan.Fence
	// waited is set when an unreachable instance must have stopped itself.
	waited bool
}

// haltTime bounds the stop of a coordinator: a fast one gets a minute (coordinator.sh).
const haltTime = 75 * time.Second

func (h *fenceHandler) Check(ctx context.Context) (engine.Finding, error) {
	acting, err := h.db.Acting(ctx)
	switch {
	case err == nil && acting.Pod == h.action.To:
		return engine.Finding{State: engine.Done}, nil
	case err == nil:
		// The coordinator may have started again since the step before.
		if finding, err := h.mayReplace(ctx, h.action.Eligible, acting.Pod); err != nil || finding.State == engine.Blocked {
			return finding, err
		}
		return engine.PendingIf([]string{"the coordinator in pod " + acting.Pod + " answers"}), nil
	case !errors.Is(err, database.ErrNoCoordinator):
		return engine.Finding{}, err
	}
	state, err := h.store.State(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	if state[plan.StateCoordinator] != h.action.To {
		return engine.PendingIf([]string{"the failover is not recorded yet: if pod " + h.action.From +
			" restarted, its coordinator would start again"}), nil
	}
	return h.checkInstance(ctx)
}

func (h *fenceHandler) checkInstance(ctx context.Context) (engine.Finding, error) {
	if h.waited || h.action.Fenced {
		return engine.Finding{State: engine.Done}, nil
	}
	out, err := h.run(ctx, h.action.Eligible, segments.Instances("facts", topology.CoordinatorDir), database.AskTimeout)
	if errors.Is(err, errUnreachable) {
		return engine.PendingIf([]string{"cannot tell whether the coordinator in pod " + h.action.From + " is still running"}), nil
	}
	if err != nil {
		return engine.Finding{}, err
	}
	facts, err := segments.ParsePodFacts(out)
	if err == nil && facts.Instances[topology.CoordinatorDir] == segments.Running {
		return engine.PendingIf([]string{"the coordinator in pod " + h.action.From + " is still running"}), nil
	}
	return engine.Finding{State: engine.Done}, err
}

func (h *fenceHandler) Do(ctx context.Context, progress func(string)) error {
	term, err := h.store.Decide(ctx, record.ActsIn(h.action.To, h.action.Hosts))
	if err != nil {
		return err
	}
	_, err = h.run(ctx, h.action.Eligible, segments.HaltCoordinator(segments.Fast, term), haltTime)
	if !errors.Is(err, errUnreachable) {
		return err
	}
	progress(err.Error())
	if h.action.Fenced {
		return nil
	}
	if err := h.standbyHasMajority(ctx); err != nil {
		return err
	}
	// A kubelet that is connected again then ends the pod before anything else.
	err = h.kube.API.CoreV1().Pods(h.kube.Ref.Namespace).Delete(ctx, h.action.From, metav1.DeleteOptions{})
	if err != nil {
		progress(fmt.Sprintf("pod %s: %v", h.action.From, err))
	}
	nodes := h.nodeClock(ctx, h.action.To)
	wait := max(0, time.Until(h.lifeSigns(ctx, h.action.From, nodes).stopped))
	progress(fmt.Sprintf("the coordinator in pod %s is cut off: it stops itself within %s", h.action.From, wait.Round(time.Second)))
	if err := engine.Sleep(ctx, wait); err != nil {
		return err
	}
	h.waited = true
	return nil
}

// standbyHasMajority is an error where the coordinator may be on the larger side of a network partition, and still take writes.
func (h *fenceHandler) standbyHasMajority(ctx context.Context) error {
	out, err := h.remote.RunSoon(ctx, h.action.To, segments.CountHosts(), database.AskTimeout)
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
	return &engine.NextError{Err: fmt.Errorf("pod %s is unreachable, and the standby reaches only %d of %d hosts: the coordinator "+
		"may still run and take writes on the larger side", h.action.From, reached, tried),
		Next: engine.Next("repair the network, or make sure that the coordinator's node is off and run ", plan.Gpk("failover", "--fenced"))}
}
