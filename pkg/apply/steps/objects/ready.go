package objects

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/plan"
)

// readyHandler waits until the pods are ready: ready.sh checks that their instances run.
type readyHandler struct {
	pods   *pods.Pods
	action plan.Ready
}

func (h *readyHandler) Check(ctx context.Context) (engine.Finding, error) {
	found, err := h.pods.ByName(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	var wanted []corev1.Pod
	for _, name := range h.action.Pods {
		if pod := found[name]; pod != nil {
			wanted = append(wanted, *pod)
		}
	}
	missing := pods.Unfinished(h.action.Pods, found, func(*corev1.Pod) bool { return true }, pods.Condition)
	return engine.PendingIf(append(missing, h.pods.Unready(ctx, wanted)...)), nil
}

// readyPatience is how long instances of a database that answers get to start: they need moments.
const readyPatience = 5 * time.Minute

func (h *readyHandler) Do(ctx context.Context, progress func(string)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, readyPatience, fmt.Errorf("the limit of %s has passed", readyPatience))
	defer cancel()
	return h.pods.Wait(ctx, h.action.Pods, pods.Ready, progress)
}
