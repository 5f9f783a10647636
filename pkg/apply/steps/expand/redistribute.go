package expand

import (
	"context"
	"crypto/sha256"
	"fmt"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// redistributeHandler starts gpexpand on the tables. It does not wait for the end, which may be days away: while gpk holds the lock no
// failover can start.
type redistributeHandler struct {
	*gpexpand
	action plan.Redistribute
	// started: this handler has started it. The step does not check whether it is still running.
	started bool
}

func (h *redistributeHandler) Check(ctx context.Context) (engine.Finding, error) {
	if h.started {
		return engine.Finding{State: engine.Done}, nil
	}
	return h.db.WithActing(ctx, func(ctx context.Context, acting database.Acting) (engine.Finding, error) {
		expansion, err := h.redistribution.progress(ctx, acting)
		if err != nil || expansion.Status == "" || expansion.Complete() {
			return engine.Finding{State: engine.Done}, err
		}
		found, err := h.traces(ctx, acting, nil)
		switch {
		case err != nil:
			return engine.Finding{}, err
		case found.job == RedistributeJob:
			return engine.Finding{State: engine.Done, Details: []string{"gpexpand is running, with the limits that it was started with"}}, nil
		case found.Runs:
			return engine.BlockedBy(foreign(acting.Pod),
				"wait for its end, or stop it where it was started; then ", plan.Gpk("expand", "--resume")), nil
		}
		return engine.PendingIf([]string{expansion.String()}), nil
	})
}

func (h *redistributeHandler) Do(ctx context.Context, _ func(string)) error {
	acting, err := h.db.Acting(ctx)
	if err != nil {
		return err
	}
	err = h.start(ctx, acting.Pod, RedistributeJob, segments.Redistribute(h.action.Bounds))
	h.started = err == nil
	return err
}

// dropSchemaHandler drops the schema gpexpand once all tables are redistributed: nothing else lists the tables that are left.
type dropSchemaHandler struct{ *gpexpand }

func (h *dropSchemaHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.WithActing(ctx, func(ctx context.Context, acting database.Acting) (engine.Finding, error) {
		expansion, err := h.redistribution.progress(ctx, acting)
		switch {
		case err != nil || expansion.Status == "":
			return engine.Finding{State: engine.Done}, err
		case !expansion.Complete():
			return engine.BlockedBy("tables are not redistributed yet: "+expansion.String(), plan.Gpk("expand", "--resume")), nil
		}
		return engine.PendingIf([]string{"all tables are redistributed, and the schema gpexpand still exists"}), nil
	})
}

func (h *dropSchemaHandler) Do(ctx context.Context, _ func(string)) error {
	acting, err := h.db.Acting(ctx)
	if err != nil {
		return err
	}
	if err := h.script(ctx, "unlock", database.PodDirs{Pod: acting.Pod}); err != nil {
		return err
	}
	_, err = h.remote.Run(ctx, acting.Pod, segments.DropExpansion())
	return err
}

// analyzeHandler gathers the statistics of every database. They do not show when they were gathered, so it does it once a run.
type analyzeHandler struct {
	db   *database.Database
	done bool
}

func (h *analyzeHandler) Check(context.Context) (engine.Finding, error) {
	if h.done {
		return engine.Finding{State: engine.Done}, nil
	}
	return engine.PendingIf([]string{"the statistics are not gathered yet"}), nil
}

func (h *analyzeHandler) Do(ctx context.Context, progress func(string)) error {
	acting, err := h.db.Acting(ctx)
	if err != nil {
		return err
	}
	databases, err := h.db.Databases(ctx, acting)
	if err != nil {
		return err
	}
	for _, database := range databases {
		progress("database " + database)
		job := fmt.Sprintf("analyze-%.6x", sha256.Sum256([]byte(database)))
		if err := h.db.Run(ctx, acting.Pod, job, segments.Analyze(database), progress); err != nil {
			return fmt.Errorf("database %s: %w", database, err)
		}
	}
	h.done = true
	return nil
}
