// Package recovery owns the steps that recover segments: primaries that answer, instances that are up, mirrors in sync, preferred roles.
package recovery

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// Register adds the handlers of instances that are down.
func Register(r engine.Handlers, remote *remote.Pods, p *pods.Pods, db *database.Database) {
	engine.Handle(r, func(a plan.Recovered) engine.Handler { return &segmentsHandler{remote, p, db, a} })
	engine.Handle(r, func(plan.Answering) engine.Handler { return &primariesHandler{p, db} })
	engine.Handle(r, func(plan.Caught) engine.Handler { return &syncHandler{db} })
	engine.Handle(r, func(plan.Balanced) engine.Handler { return &rebalanceHandler{db} })
}

// segmentsHandler recovers instances that are down with gprecoverseg: incrementally, or by a full copy where their data is gone or
// --full is given.
type segmentsHandler struct {
	remote *remote.Pods
	pods   *pods.Pods
	db     *database.Database
	action plan.Recovered
}

func (h *segmentsHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.WithProbed(ctx, func(_ context.Context, acting database.Acting) (engine.Finding, error) {
		var details []string
		for _, row := range acting.Catalogue.Down() {
			details = append(details, row.String()+" is down")
		}
		return engine.PendingIf(details), nil
	})
}

func (h *segmentsHandler) Do(ctx context.Context, progress func(string)) error {
	for _, job := range []string{recoverJob, recoverFullJob} {
		if err := h.awaitJob(ctx, job, progress); err != nil {
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
	if err := h.addSilent(ctx, down, absent); err != nil {
		return err
	}
	incremental, full, err := h.divide(ctx, down, absent)
	if err != nil {
		return err
	}
	// A failure of one does not keep the other from its rows.
	return errors.Join(h.recover(ctx, acting.Pod, recoverJob, incremental, false, progress),
		h.recover(ctx, acting.Pod, recoverFullJob, full, true, progress), h.absentError(ctx, absent))
}

// Names of the durable jobs.
const (
	recoverJob     = "gprecoverseg"
	recoverFullJob = "gprecoverseg-full"
)

// awaitJob waits for a recovery that an earlier gpk has started.
func (h *segmentsHandler) awaitJob(ctx context.Context, job string, progress func(string)) error {
	acting, err := h.db.Acting(ctx)
	if err != nil {
		return err
	}
	j := h.remote.Job(acting.Pod, job)
	state, err := j.State(ctx)
	if err != nil || state.Phase != "running" {
		return err
	}
	progress("attaching to gprecoverseg, which is running")
	err = h.db.Follow(ctx, j, "gprecoverseg", progress)
	if _, failed := errors.AsType[*database.UtilityError](err); failed {
		return nil
	}
	return err
}

// awaitPods waits for the pods of instances that are down. It returns those that do not run after pods.PodPatience, and why.
func (h *segmentsHandler) awaitPods(ctx context.Context, rows []segments.Row, progress func(string)) (map[string]string, error) {
	absent := map[string]string{}
	err := engine.Until(ctx, pods.PodPatience, progress, func() ([]string, error) {
		clear(absent)
		list, err := h.pods.ByName(ctx)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			if why := pods.Unfinished([]string{row.Pod()}, list, pods.Running, pods.Condition); len(why) > 0 {
				absent[row.Pod()] = why[0]
			}
		}
		if len(absent) > 0 {
			return []string{fmt.Sprintf("waiting for %d pods", len(absent))}, nil
		}
		return nil, nil
	}, "%s")
	if _, timedOut := errors.AsType[*engine.TimeoutError](err); timedOut {
		return absent, nil
	}
	return absent, err
}

// addSilent adds the pods of lost nodes that do not answer. They look as if they ran, until Kubernetes deletes them minutes later. A node
// that has just come back may still be called lost, and its pods answer.
func (h *segmentsHandler) addSilent(ctx context.Context, rows []segments.Row, absent map[string]string) error {
	lost := slices.DeleteFunc(h.pods.Lost(ctx, database.PodNames(database.DirsOf(rows))), func(pod string) bool { return absent[pod] != "" })
	silent := make([]bool, len(lost))
	err := engine.Each(ctx, lost, func(ctx context.Context, i int, pod string) error {
		out, err := h.remote.RunSoon(ctx, pod, segments.Instances("facts"), database.AskTimeout)
		_, exited := errors.AsType[*remote.Error](err)
		if err == nil {
			// A stream that was cut can look like success.
			_, err = segments.ParsePodFacts(out)
		}
		silent[i] = err != nil && !exited
		return context.Cause(ctx)
	})
	for i, pod := range lost {
		if silent[i] {
			absent[pod] = "pod " + pod + " does not answer"
		}
	}
	return err
}

// divide tells the instances that have data from those that need a full copy, and makes the places of those without a directory.
func (h *segmentsHandler) divide(ctx context.Context, rows []segments.Row, absent map[string]string) (
	incremental, full []segments.Row, err error) {
	rows = slices.DeleteFunc(slices.Clone(rows), func(row segments.Row) bool { _, gone := absent[row.Pod()]; return gone })
	facts, err := h.db.Facts(ctx, database.DirsOf(rows))
	if err != nil {
		return nil, nil, err
	}
	var lost []segments.Row
	for _, row := range rows {
		state := facts[row.Pod()].Instances[row.Dir]
		there := state != "" && state != segments.Absent
		if there && !h.action.Full {
			incremental = append(incremental, row)
			continue
		}
		full = append(full, row)
		if !there {
			lost = append(lost, row)
		}
	}
	return incremental, full, h.db.Prepare(ctx, database.DirsOf(lost))
}

func (h *segmentsHandler) recover(ctx context.Context, pod, job string, rows []segments.Row, full bool, progress func(string)) error {
	if len(rows) == 0 {
		return nil
	}
	err := h.db.Run(ctx, pod, job, segments.Recover(rows, full), progress)
	if _, failed := errors.AsType[*database.UtilityError](err); err != nil && (full || !failed) {
		return err
	}
	var recovered []database.PodDirs
	for _, place := range database.DirsOf(rows) {
		recovered = append(recovered, database.PodDirs{Pod: place.Pod})
	}
	if markErr := h.db.MarkComplete(ctx, recovered); markErr != nil || err == nil {
		return markErr
	}
	return &IncrementalError{err}
}

// IncrementalError is an incremental recovery that failed: a full copy may succeed.
type IncrementalError struct{ error }

// Unwrap gives the cause.
func (e *IncrementalError) Unwrap() error { return e.error }

// absentError names the pods that do not run, in which nothing was recovered.
func (h *segmentsHandler) absentError(ctx context.Context, absent map[string]string) error {
	if len(absent) == 0 {
		return nil
	}
	var words []string
	for _, pod := range slices.Sorted(maps.Keys(absent)) {
		words = append(words, absent[pod]+" ("+h.remote.Where(ctx, pod)+")")
	}
	err := fmt.Errorf("instances whose pods do not run stay down: %s", strings.Join(words, "; "))
	if lost := h.pods.Lost(ctx, slices.Sorted(maps.Keys(absent))); len(lost) > 0 {
		return &engine.NextError{Err: err, Next: engine.Next(h.pods.ByForce(lost...), ", and run this again")}
	}
	return err
}
