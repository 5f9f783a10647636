package objects

import (
	"context"
	"slices"
	"strings"
	"time"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
)

// runningHandler waits until the database containers run, which is before their databases do.
type runningHandler struct {
	store  *record.Store
	pods   *pods.Pods
	action plan.Running
	// patience is with the standby's pod, where the others can do without.
	patience time.Duration
	// without is the standby's pod, where it was waited for in vain.
	without string
}

func (h *runningHandler) Check(ctx context.Context) (engine.Finding, error) {
	down, err := h.pods.NotRunning(ctx, pods.Others(h.action.Pods, h.without))
	return engine.PendingIf(down), err
}

func (h *runningHandler) Do(ctx context.Context, progress func(string)) error {
	if err := h.pods.ReplaceOutdated(ctx, h.action.Pods, progress); err != nil {
		return err
	}
	standby, err := h.spare(ctx)
	if err != nil {
		return err
	}
	if err := h.pods.Wait(ctx, pods.Others(h.action.Pods, standby), pods.Running, progress); err != nil || standby == "" {
		return err
	}
	patient, stop := context.WithTimeout(ctx, h.patience)
	defer stop()
	if err := h.pods.Wait(patient, []string{standby}, pods.Running, progress); err != nil && ctx.Err() == nil {
		h.without = standby
		progress("going on without the standby: " + remote.Summary(err))
	}
	return context.Cause(ctx)
}

// spare is the pod of the standby, "" where it is not known which of the two that is, or where it is needed.
func (h *runningHandler) spare(ctx context.Context) (string, error) {
	if len(h.action.Standby) == 0 {
		return "", nil
	}
	state, err := h.store.State(ctx)
	acts := state[plan.StateCoordinator]
	if err != nil || !slices.Contains(h.action.Standby, acts) {
		return "", err
	}
	return strings.Join(pods.Others(h.action.Standby, acts), ""), nil
}
