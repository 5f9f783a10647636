package apply

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// readyHandler waits until the pods are ready, which ready.sh makes mean that their instances run.
type readyHandler struct {
	target *Target
	action plan.Ready
}

func (h *readyHandler) Check(ctx context.Context) (Finding, error) {
	found, err := h.target.podsByName(ctx)
	if err != nil {
		return Finding{}, err
	}
	var wanted []corev1.Pod
	for _, name := range h.action.Pods {
		if pod := found[name]; pod != nil {
			wanted = append(wanted, *pod)
		}
	}
	missing := unfinished(h.action.Pods, found, func(*corev1.Pod) bool { return true }, condition)
	return pendingIf(append(missing, h.target.unready(ctx, wanted)...)), nil
}

// readyPatience bounds the wait for instances of a database that answers: they start within moments, or not at all.
const readyPatience = 5 * time.Minute

func (h *readyHandler) Do(ctx context.Context, progress func(string)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, readyPatience, fmt.Errorf("not so within %s", readyPatience))
	defer cancel()
	return h.target.waitPods(ctx, h.action.Pods, ready, progress)
}

// probeTime is how long a pod may take to run its readiness probe: as long as its kubelet gives it.
const probeTime = 10 * time.Second

// unready says in words which pods are not as they should be. Those that run and are not ready are asked themselves: what their
// kubelets know may be ten seconds old.
func (t *Target) unready(ctx context.Context, pods []corev1.Pod) []string {
	faults := make([]string, len(pods))
	_ = each(ctx, pods, func(ctx context.Context, i int, pod corev1.Pod) error {
		switch {
		case ready(&pod):
		case !running(&pod):
			faults[i] = "pod " + pod.Name + " " + condition(&pod)
		default:
			_, err := t.remote.RunSoon(ctx, pod.Name, segments.AskReady(), probeTime)
			if err == nil {
				break
			}
			why := firstLine(err)
			var exit *remote.Error
			if errors.As(err, &exit) {
				why = exit.Why()
			}
			faults[i] = "pod " + pod.Name + " is not ready: " + why
		}
		return nil
	})
	return nonEmpty(faults)
}
