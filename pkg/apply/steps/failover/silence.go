package failover

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// silencePatience is how long gpk waits for the standby to hear nothing any more: wal_receiver_timeout, 60 s, ends a dead connection.
const silencePatience = 2 * time.Minute

// awaitSelfFence waits until a coordinator that nobody reaches must have stopped itself, and fails where that cannot be known. After an
// activation there is nothing left to decide.
func (h *fenceHandler) awaitSelfFence(ctx context.Context, term string, progress func(string)) error {
	f, err := h.db.Following(ctx, h.action.To)
	if err != nil {
		return err
	}
	nodes := nodeClock{f.Now, time.Now()}
	if promoted, err := h.db.Promoted(ctx, h.action.To, f); err != nil || promoted {
		h.concluded(Promoted, promoted)
		return err
	}
	ended, err := h.wasRunning(ctx)
	if err != nil {
		return err
	}
	if ended {
		h.endPod(ctx, progress)
		h.concluded(ContainerEnded, true)
		return nil
	}
	if err := h.standbyHasMajority(ctx); err != nil {
		return err
	}
	signs, began := h.lifeSigns(ctx, h.action.Takeover, nodes), time.Now()
	if signs.note != "" {
		progress(signs.note)
	}
	h.endPod(ctx, progress)
	sessions := h.beginSevering(ctx)
	defer sessions.end()
	if err := h.awaitStop(ctx, signs.stopped, term, progress); err != nil || h.halted {
		return err
	}
	if err := h.awaitSilence(ctx, progress); err != nil {
		return err
	}
	if err := h.staysSilent(ctx, signs.lease, began); err != nil {
		return err
	}
	evidence, err := sessions.finish(ctx, progress)
	if err != nil {
		return err
	}
	h.concluded(evidence, true)
	return nil
}

// concluded takes note of the evidence by which a coordinator that nobody has stopped takes no more writes.
func (h *fenceHandler) concluded(by Evidence, holds bool) {
	if h.waited = holds; holds {
		h.found.note(by)
	}
}

// staysSilent fails where the kubelet of the old pod's node has renewed its lease since gpk read it: a node that reaches the API server is
// not cut off, and a coordinator there does not stop itself. It waits until a kubelet that is well must have renewed it.
func (h *fenceHandler) staysSilent(ctx context.Context, read remote.Lease, at time.Time) error {
	if read.Node == "" {
		return nil
	}
	if err := engine.Sleep(ctx, read.Late()-time.Since(at)); err != nil {
		return err
	}
	if now, known := h.remote.Nodes.Lease(ctx, read.Node); !known || now.Renewed.Equal(read.Renewed) {
		return nil
	}
	return h.undecided("pod " + h.action.From + " is unreachable, but the kubelet of its node " + read.Node + " renews its lease. " +
		"The node reaches the API server: the coordinator does not stop itself and may take writes")
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
		before, _ := h.remote.Ways.UnreachableSince(exec, ssh)
		h.remote.Ways.TryAgain(exec, ssh)
		err := h.halt(ctx, term, progress)
		switch {
		case err == nil || answered(err) || ctx.Err() != nil:
			h.halted = err == nil
			return err
		case !errors.Is(err, errUnreachable):
			return h.undecided(err.Error())
		}
		since, known := h.remote.Ways.UnreachableSince(exec, ssh)
		if !known || !since.After(before) {
			return engine.Sleep(ctx, max(0, time.Until(stopped)))
		}
		stopped = since.Add(selfFence)
	}
}

// endPod closes the segments' network policy to the old pod, and deletes it: a kubelet that is connected again ends it before anything
// else, and its successor, to which the policy is open, sees the decision at once.
func (h *fenceHandler) endPod(ctx context.Context, progress func(string)) {
	pods := h.kube.API.CoreV1().Pods(h.kube.Ref.Namespace)
	replaced := fmt.Appendf(nil, `{"metadata": {"labels": {%q: "true"}}}`, plan.ReplacedLabel)
	_, notLabelled := pods.Patch(ctx, h.action.From, types.MergePatchType, replaced, metav1.PatchOptions{FieldManager: kube.Manager})
	for _, err := range []error{notLabelled, pods.Delete(ctx, h.action.From, metav1.DeleteOptions{})} {
		if err != nil {
			progress(fmt.Sprintf("pod %s: %v", h.action.From, err))
		}
	}
}

// wasRunning fails unless the pod is the one whose instance ran when it was last heard of: a pod that was deleted by force may go on
// without its object, and its successor says nothing of it. ended: its kubelet, which is well, says that the pod's container has ended.
func (h *fenceHandler) wasRunning(ctx context.Context) (ended bool, err error) {
	pod, ended, err := h.containerEnded(ctx)
	if err != nil || !ended {
		return false, err
	}
	// A kubelet that is not well may have started the container again since: its pods' states stay as they were. One that renews its lease
	// now is well, and what it says after that is true.
	lease, known := h.remote.Nodes.Lease(ctx, pod.Spec.NodeName)
	if !known || !h.remote.Nodes.Renews(ctx, lease) {
		return false, ctx.Err()
	}
	later, ended, err := h.containerEnded(ctx)
	return ended && later.UID == pod.UID, err
}

// containerEnded is the pod, and whether its container has ended by what its kubelet last said. It fails where that has not said that the
// container ran at all.
func (h *fenceHandler) containerEnded(ctx context.Context) (pod *corev1.Pod, ended bool, err error) {
	pod, err = h.remote.Get(ctx, h.action.From)
	if err != nil {
		return nil, false, err
	}
	if pod != nil {
		status := pods.Container(pod)
		if status != nil && status.State.Running != nil {
			return pod, false, nil
		}
		if status != nil && (status.State.Terminated != nil || status.LastTerminationState.Terminated != nil) {
			return pod, true, nil
		}
	}
	return nil, false, h.undecided("the API server has no pod " + h.action.From + " that runs, and nobody has seen its coordinator stopped: " +
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
		if f.Now.IsZero() {
			return nil, h.undecided("the scripts of pod " + h.action.To + " are those of an earlier gpk: they do not report when the standby " +
				"last heard from the coordinator's machine")
		}
		if silence := f.Now.Sub(heard); silence < selfFence {
			return []string{fmt.Sprintf("the standby heard from the coordinator's machine %s ago", silence)}, nil
		}
		return nil, nil
	}, "%s")
	if timeout, ok := errors.AsType[*engine.TimeoutError](err); ok {
		return h.undecided(timeout.Error() + ": the coordinator in pod " + h.action.From + " may still run and take writes")
	}
	return err
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
