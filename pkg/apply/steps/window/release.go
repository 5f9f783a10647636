package window

import (
	"context"
	"fmt"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// releaseHandler asks the programs of every pod for their release. It changes nothing.
type releaseHandler struct {
	engine.Nothing
	remote *remote.Pods
	pods   *pods.Pods
	action plan.Release
}

func (h *releaseHandler) Check(ctx context.Context) (engine.Finding, error) {
	down, err := h.pods.NotRunning(ctx, h.action.Pods)
	if err != nil || len(down) > 0 {
		return engine.Finding{State: engine.Unknown, Details: down}, err
	}
	others := make([]string, len(h.action.Pods))
	err = engine.Each(ctx, h.action.Pods, func(ctx context.Context, i int, pod string) error {
		out, err := h.remote.Run(ctx, pod, segments.AskRelease())
		if err != nil {
			return err
		}
		release, err := segments.Release(out)
		if err == nil && !segments.SameRelease(release, h.action.Version) {
			others[i] = fmt.Sprintf("pod %s runs the release %s", pod, release)
		}
		return err
	})
	return engine.PendingIf(engine.NonEmpty(others)), err
}
