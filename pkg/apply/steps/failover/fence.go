package failover

import (
	"context"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// fenceHandler keeps the old coordinator from taking writes. It records the new one in the pods' state, so that the old one does not
// start again with its pod. Then it stops the old instance. Without having seen it stopped the handler goes on only by a person's word
// (--fenced), or by silence: the pod that its kubelet last called running cannot be reached from anywhere, longer than keep.sh there
// takes to stop the instance, and its machine has sent the standby nothing in all that time.
type fenceHandler struct {
	*OldCoordinator
	action plan.Fence
	// halted is set when the instance was seen stopped by the decision, and waited when an unreachable one must have stopped itself.
	halted, waited bool
}

const (
	// haltTime bounds the stop of a coordinator: a fast one gets a minute, an immediate one another, and whatever starts the instance ten
	// seconds (coordinator.sh).
	haltTime = 140 * time.Second
	// halts is how often gpk asks for a stop that may have begun and was not answered.
	halts = 3
	// silencePatience is how long gpk waits for the standby to hear nothing any more: wal_receiver_timeout, 60 s, ends a dead connection.
	silencePatience = 2 * time.Minute
)

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
	if !h.halted {
		// One that is stopped may be about to start: its pod may not know the decision.
		return engine.PendingIf([]string{"the coordinator in pod " + h.action.From + " may start again: gpk has not halted it"}), nil
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
	term, err := h.db.Decide(ctx, record.ActsIn(h.action.To, h.action.Hosts), []string{h.action.From, h.action.To})
	if err != nil {
		return err
	}
	// The old pod asks the standby's before it starts anything. The pod may know the term already.
	if _, err := h.remote.RunSoon(ctx, h.action.To, segments.Learn(term), database.AskTimeout); err != nil {
		return err
	}
	err = h.halt(ctx, term, progress)
	if err == nil || answered(err) || ctx.Err() != nil {
		h.halted = err == nil
		return err
	}
	progress(err.Error())
	switch {
	case h.action.Fenced:
		return nil
	case !errors.Is(err, errUnreachable):
		return h.undecided(err.Error())
	}
	return h.awaitSelfFence(ctx, term, progress)
}

// halt stops the old instance. It asks again where the stop may have begun: one that is under way is not an unreachable one. After a
// person's word it does not matter.
func (h *fenceHandler) halt(ctx context.Context, term string, progress func(string)) (err error) {
	tries, patience := halts, haltTime
	if h.action.Fenced {
		tries, patience = 1, database.AskTimeout
	}
	for range tries {
		_, err = h.run(ctx, h.action.Eligible, segments.HaltCoordinator(segments.Fast, term), patience)
		if err == nil || answered(err) || errors.Is(err, errUnreachable) || ctx.Err() != nil {
			return err
		}
		progress(fmt.Sprintf("asking again: %v", err))
	}
	return err
}

// awaitSelfFence waits until a coordinator that nobody reaches must have stopped itself, and fails where that cannot be known. After an
// activation there is nothing left to decide.
func (h *fenceHandler) awaitSelfFence(ctx context.Context, term string, progress func(string)) error {
	f, err := h.db.Following(ctx, h.action.To)
	if err != nil {
		return err
	}
	nodes := nodeClock{f.Now, time.Now()}
	if promoted, err := h.db.Promoted(ctx, h.action.To, f); err != nil || promoted {
		h.waited = promoted
		return err
	}
	ended, err := h.wasRunning(ctx, nodes)
	if err != nil {
		return err
	}
	if ended {
		h.endPod(ctx, progress)
		h.waited = true
		return nil
	}
	if err := h.standbyHasMajority(ctx); err != nil {
		return err
	}
	signs := h.lifeSigns(ctx, h.action.Takeover, nodes)
	h.endPod(ctx, progress)
	if err := h.awaitStop(ctx, signs.stopped, term, progress); err != nil || h.halted {
		return err
	}
	if err := h.awaitSilence(ctx, progress); err != nil {
		return err
	}
	h.waited = true
	return nil
}

// awaitStop waits until a coordinator that is cut off has stopped itself. At the end of the wait it asks once more by all ways: one that is
// back by now is stopped, whether or not it has noticed that it was away. If a way led to the pod in between, its silence began anew.
func (h *fenceHandler) awaitStop(ctx context.Context, stopped time.Time, term string, progress func(string)) error {
	exec, ssh := remote.ByExec(h.action.From), remote.BySSH(h.action.From, h.action.To)
	for {
		wait := max(0, time.Until(stopped))
		progress(fmt.Sprintf("the coordinator in pod %s is cut off: it stops itself within %s", h.action.From, wait.Round(time.Second)))
		if err := engine.Sleep(ctx, wait-database.AskTimeout); err != nil {
			return err
		}
		before, _ := h.remote.UnreachableSince(exec, ssh)
		h.remote.TryAgain(exec, ssh)
		err := h.halt(ctx, term, progress)
		switch {
		case err == nil || answered(err) || ctx.Err() != nil:
			h.halted = err == nil
			return err
		case !errors.Is(err, errUnreachable):
			return h.undecided(err.Error())
		}
		since, known := h.remote.UnreachableSince(exec, ssh)
		if !known || !since.After(before) {
			return engine.Sleep(ctx, max(0, time.Until(stopped)))
		}
		stopped = since.Add(selfFence)
	}
}

// endPod deletes the old pod: a kubelet that is connected again ends it before anything else, and its successor sees the decision at once.
func (h *fenceHandler) endPod(ctx context.Context, progress func(string)) {
	err := h.kube.API.CoreV1().Pods(h.kube.Ref.Namespace).Delete(ctx, h.action.From, metav1.DeleteOptions{})
	if err != nil {
		progress(fmt.Sprintf("pod %s: %v", h.action.From, err))
	}
}

// wasRunning fails unless the pod is the one whose instance ran when it was last heard of: a pod that was deleted by force may go on
// without its object, and its successor says nothing of it. ended: its kubelet, which is well, says that the pod's container has ended.
func (h *fenceHandler) wasRunning(ctx context.Context, nodes nodeClock) (ended bool, err error) {
	pod, err := h.remote.Get(ctx, h.action.From)
	if err != nil {
		return false, err
	}
	if pod != nil {
		status := pods.Container(pod)
		if status != nil && status.State.Running != nil {
			return false, nil
		}
		if status != nil && (status.State.Terminated != nil || status.LastTerminationState.Terminated != nil) {
			// A kubelet that is not well may have started the container again since.
			return h.isWell(ctx, nodes, pod), nil
		}
	}
	return false, h.undecided("the API server has no pod " + h.action.From + " that runs, and nobody has seen its coordinator stopped: " +
		"the containers of a pod that was deleted by force may run on")
}

// awaitSilence waits until the standby has heard nothing from the old coordinator's machine for as long as that takes to stop itself.
func (h *fenceHandler) awaitSilence(ctx context.Context, progress func(string)) error {
	err := engine.Until(ctx, silencePatience, progress, func() ([]string, error) {
		f, err := h.db.Following(ctx, h.action.To)
		if err != nil {
			return nil, err
		}
		heard := f.Heard
		if heard.IsZero() || heard.Unix() == 0 {
			heard = f.Streamed
		}
		if silence := f.Now.Sub(heard); !f.Now.IsZero() && silence < selfFence {
			return []string{fmt.Sprintf("the standby heard from the coordinator's machine %s ago", silence)}, nil
		}
		return nil, nil
	}, "%s")
	if timeout, ok := errors.AsType[*engine.TimeoutError](err); ok {
		return h.undecided(timeout.Error() + ": the coordinator in pod " + h.action.From + " may still run and take writes")
	}
	return err
}

// undecided refuses to activate a standby beside a coordinator that may take writes.
func (h *fenceHandler) undecided(why string) error {
	return &engine.NextError{Err: errors.New(why), Next: engine.Next("repair what keeps gpk from the pod, or make sure that the "+
		"coordinator's node is off or runs none of its containers, and run ", plan.Gpk("failover", "--fenced"))}
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
	return h.undecided(fmt.Sprintf("pod %s is unreachable, and the standby reaches only %d of %d hosts: the coordinator "+
		"may still run and take writes on the larger side", h.action.From, reached, tried))
}
