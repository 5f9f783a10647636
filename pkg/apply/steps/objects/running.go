package objects

import (
	"context"
	"slices"
	"strings"
	"time"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
)

// runningHandler waits until the database containers run. Their databases start later.
type runningHandler struct {
	store  *record.Store
	pods   *pods.Pods
	db     *database.Database
	action plan.Running
	// patience is how long gpk waits for the standby's pod, if the database starts without it.
	patience time.Duration
	// without is the standby's pod, if gpk waited for it in vain.
	without string
}

func (h *runningHandler) Check(ctx context.Context) (engine.Finding, error) {
	down, err := h.pods.NotRunning(ctx, pods.Others(h.action.Pods, h.without))
	if err != nil || len(down) > 0 || h.action.Unmade == nil {
		return engine.PendingIf(down), err
	}
	outdated, err := h.outdated(ctx)
	if err != nil || len(outdated) == 0 {
		return engine.Finding{State: engine.Done}, err
	}
	made, err := h.db.Made(ctx, *h.action.Unmade)
	if made || err != nil {
		return engine.Finding{State: engine.Done}, err
	}
	return engine.PendingIf(ofSets(outdated)), nil
}

// Do recreates outdated pods as soon as it is certain that there is no database: an old pod may take the room of a new one.
func (h *runningHandler) Do(ctx context.Context, progress func(string)) error {
	if err := h.pods.Revisions.ReplaceOutdated(ctx, h.action.Pods, progress); err != nil {
		return err
	}
	if _, err := h.renew(ctx, progress); err != nil {
		return err
	}
	if err := h.wait(ctx, progress); err != nil {
		return err
	}
	if renewed, err := h.renew(ctx, progress); !renewed || err != nil {
		return err
	}
	return h.wait(ctx, progress)
}

func (h *runningHandler) wait(ctx context.Context, progress func(string)) error {
	standby, err := h.optional(ctx)
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
		progress("gpk continues without the standby: " + remote.Summary(err))
	}
	return context.Cause(ctx)
}

// optional is the pod of the standby, "" if nobody knows which of the two that is, or if it is needed.
func (h *runningHandler) optional(ctx context.Context) (string, error) {
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
