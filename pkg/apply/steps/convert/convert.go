// Package convert owns the step that converts the instances of a cluster that an earlier gpk made.
package convert

import (
	"context"
	"errors"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// Register adds the handler of a conversion.
func Register(r engine.Handlers, store *record.Store, p *pods.Pods, db *database.Database) {
	engine.Handle(r, func(a plan.Renamed) engine.Handler { return &renamedHandler{store, p, db, a} })
}

// Job converts the catalogue. A later gpk finds it by its name.
const Job = "convert"

// renamedHandler converts the catalogue, then the files of segments, then those of both coordinators. While no coordinator answers, the
// coordinators' files tell of the catalogue too.
type renamedHandler struct {
	store  *record.Store
	pods   *pods.Pods
	db     *database.Database
	action plan.Renamed
}

func (h *renamedHandler) Check(ctx context.Context) (engine.Finding, error) {
	state, err := h.store.State(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	pod := state[plan.StateCoordinator]
	if pod == "" {
		return database.UnfinishedCluster(), nil
	}
	down, err := h.pods.NotRunning(ctx, database.PodNames(database.ByPod(h.action.Instances)))
	if err != nil || len(down) > 0 {
		return engine.Finding{State: engine.Unknown, Details: down}, err
	}
	// The scripts in these cannot tell.
	old, err := h.pods.Revisions.WithFullNames(ctx)
	if err != nil || len(old) > 0 {
		return engine.Finding{State: engine.Unknown, Details: []string{"an earlier gpk made the pods"}}, err
	}
	acting, err := h.db.Acting(ctx)
	if err != nil && !errors.Is(err, database.ErrNoCoordinator) {
		return engine.Finding{}, err
	}
	var details []string
	if hosts := acting.Catalogue.FullNames(); len(hosts) > 0 {
		details = []string{"the catalogue has the host " + hosts[0]}
	}
	files, err := h.db.OldFiles(ctx, pod, h.action.Instances)
	for _, file := range files {
		details = append(details, file+" is an earlier gpk's")
	}
	return engine.PendingIf(details), err
}

func (h *renamedHandler) Do(ctx context.Context, progress func(string)) error {
	state, err := h.store.State(ctx)
	if err != nil {
		return err
	}
	pod := state[plan.StateCoordinator]
	if err := h.db.Run(ctx, pod, Job, segments.ConvertCatalogue(), progress); err != nil {
		return err
	}
	return h.db.ConvertFiles(ctx, pod, h.action.Instances, h.action.Authentication)
}
