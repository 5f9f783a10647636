package pods

import (
	"context"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/remote"
	"gpk/pkg/segments"
)

// probeTime is how long a pod may take for its readiness probe, the same as its kubelet grants.
const probeTime = 10 * time.Second

// Unready says in words which pods are not ready. gpk runs the readiness probe in those that run: what their kubelets know may be ten
// seconds old.
func (p *Pods) Unready(ctx context.Context, pods []corev1.Pod) []string {
	faults := make([]string, len(pods))
	_ = engine.Each(ctx, pods, func(ctx context.Context, i int, pod corev1.Pod) error {
		switch {
		case Ready(&pod):
		case !Running(&pod):
			faults[i] = "pod " + pod.Name + " " + Condition(&pod)
		default:
			_, err := p.remote.RunSoon(ctx, pod.Name, segments.AskReady(), probeTime)
			if err == nil {
				break
			}
			why := remote.Summary(err)
			var exit *remote.Error
			if errors.As(err, &exit) {
				why = exit.Why()
			}
			faults[i] = "pod " + pod.Name + " is not ready: " + why
		}
		return nil
	})
	return engine.NonEmpty(faults)
}
