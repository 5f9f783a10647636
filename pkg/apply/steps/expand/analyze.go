package expand

import (
	"context"
	"crypto/sha256"
	"fmt"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/segments"
)

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
