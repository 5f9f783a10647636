package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// recoveredHandler brings instances that are down back with gprecoverseg: incrementally, or by a full copy where their data
// is gone or a person wants it so.
type recoveredHandler struct {
	remote *remote.Pods
	pods   *pods.Pods
	db     *database.Database
	action plan.Recovered
}

func (h *recoveredHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.LookProbed(ctx, func(_ context.Context, acting database.Acting) (engine.Finding, error) {
		var details []string
		for _, row := range acting.Catalogue.Down() {
			details = append(details, row.String()+" is down")
		}
		return engine.PendingIf(details), nil
	})
}

func (h *recoveredHandler) Do(ctx context.Context, progress func(string)) error {
	for _, name := range []string{recoverJob, recoverFullJob} {
		if err := h.attach(ctx, name, progress); err != nil {
			return err
		}
	}
	acting, err := h.db.Probed(ctx)
	if err != nil {
		return err
	}
	down := acting.Catalogue.Down()
	absent, err := h.awaitPods(ctx, down, progress)
	if err != nil {
		return err
	}
	some, all, err := h.sorted(ctx, down, absent)
	if err != nil {
		return err
	}
	// One that fails does not keep the other from what it can do, and a failure of a few rows is the rows' own.
	err = errors.Join(h.run(ctx, acting.Pod, recoverJob, some, false, progress), h.run(ctx, acting.Pod, recoverFullJob, all, true, progress))
	return errors.Join(err, h.verdict(ctx, absent))
}

// Names of the durable jobs.
const (
	recoverJob     = "gprecoverseg"
	recoverFullJob = "gprecoverseg-full"
)

// attach waits for a recovery that an earlier gpk has begun.
func (h *recoveredHandler) attach(ctx context.Context, name string, progress func(string)) error {
	acting, err := h.db.Acting(ctx)
	if err != nil {
		return err
	}
	j := h.remote.Job(acting.Pod, name)
	state, err := j.State(ctx)
	if err != nil || state.Phase != "running" {
		return err
	}
	progress("attaching to gprecoverseg, which is running")
	var exit *database.UtilityError
	if err := h.db.Follow(ctx, j, "gprecoverseg", progress); !errors.As(err, &exit) {
		return err
	}
	return nil
}

// awaitPods waits for the pods of instances that are down, and returns those that do not run after a while.
func (h *recoveredHandler) awaitPods(ctx context.Context, rows []segments.Row, progress func(string)) (map[string]string, error) {
	absent := map[string]string{}
	end := time.Now().Add(pods.PodPatience)
	for {
		clear(absent)
		list, err := h.pods.ByName(ctx)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			if words := pods.Unfinished([]string{row.Pod()}, list, pods.Running, pods.Condition); len(words) > 0 {
				absent[row.Pod()] = words[0]
			}
		}
		if len(absent) == 0 || time.Now().After(end) {
			return absent, nil
		}
		progress(fmt.Sprintf("waiting for %d pods", len(absent)))
		if err := engine.Sleep(ctx, time.Second); err != nil {
			return nil, err
		}
	}
}

// sorted tells instances whose data is there from those that need a full copy, and makes the latters' places.
func (h *recoveredHandler) sorted(ctx context.Context, rows []segments.Row, absent map[string]string) (
	some, all []segments.Row, err error) {
	rows = slices.DeleteFunc(slices.Clone(rows), func(row segments.Row) bool { _, gone := absent[row.Pod()]; return gone })
	facts, err := h.db.Facts(ctx, database.PlacesOf(rows))
	if err != nil {
		return nil, nil, err
	}
	var lost []segments.Row
	for _, row := range rows {
		state := facts[row.Pod()].Instances[row.Dir]
		there := state != "" && state != "absent"
		if there && !h.action.Full {
			some = append(some, row)
			continue
		}
		all = append(all, row)
		if !there {
			lost = append(lost, row)
		}
	}
	return some, all, h.db.Prepare(ctx, database.PlacesOf(lost))
}

func (h *recoveredHandler) run(ctx context.Context, pod, name string, rows []segments.Row, full bool, progress func(string)) error {
	if len(rows) == 0 {
		return nil
	}
	err := h.db.Run(ctx, pod, name, segments.Recover(rows, full), progress)
	var exit *database.UtilityError
	if err != nil && (full || !errors.As(err, &exit)) {
		return err
	}
	var marked []database.PodDirs
	for _, place := range database.PlacesOf(rows) {
		marked = append(marked, database.PodDirs{Pod: place.Pod})
	}
	if finishErr := h.db.MarkComplete(ctx, marked); finishErr != nil || err == nil {
		return finishErr
	}
	return &IncrementalError{err}
}

// IncrementalError is a recovery that could not be done from what has changed: a full copy can.
type IncrementalError struct{ Err error }

// Error is that of gprecoverseg.
func (e *IncrementalError) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *IncrementalError) Unwrap() error { return e.Err }

// verdict says which pods there were none of to recover anything in.
func (h *recoveredHandler) verdict(ctx context.Context, absent map[string]string) error {
	if len(absent) == 0 {
		return nil
	}
	var words []string
	for pod, word := range absent {
		words = append(words, word+" ("+h.remote.Where(ctx, pod)+")")
	}
	return fmt.Errorf("instances whose pods do not run stay down: %s", strings.Join(sortedWords(words), "; "))
}
