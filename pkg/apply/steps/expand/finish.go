package expand

import (
	"context"
	"crypto/sha256"
	"fmt"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// dropExpansionHandler removes gpexpand's schema, but not before all tables are done: what it lists cannot be had again.
type dropExpansionHandler struct {
	remote   *remote.Pods
	db       *database.Database
	gpexpand *Gpexpand
}

func (h *dropExpansionHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.LookAt(ctx, func(ctx context.Context, acting database.Acting) (engine.Finding, error) {
		under, err := h.gpexpand.expansion(ctx, acting)
		switch {
		case err != nil || under.Status == "":
			return engine.Finding{State: engine.Done}, err
		case !under.Complete():
			return engine.Finding{State: engine.Blocked, Details: []string{"tables are left: " + under.String()}, Next: engine.Next(plan.Gpk("expand", "--resume"))}, nil
		}
		return engine.PendingIf([]string{"all tables are done, and gpexpand's schema is there"}), nil
	})
}

func (h *dropExpansionHandler) Do(ctx context.Context, _ func(string)) error {
	acting, err := h.db.Acting(ctx)
	if err != nil {
		return err
	}
	if err := h.gpexpand.expand(ctx, "unlock", []database.PodDirs{{Pod: acting.Pod}}); err != nil {
		return err
	}
	_, err = h.remote.Run(ctx, acting.Pod, segments.DropExpansion())
	return err
}

// analyzeHandler gathers the statistics of every database. Nothing shows afterwards that it has, so it is done once it was.
type analyzeHandler struct {
	db   *database.Database
	done bool
}

func (h *analyzeHandler) Check(context.Context) (engine.Finding, error) {
	if h.done {
		return engine.Finding{State: engine.Done}, nil
	}
	return engine.PendingIf([]string{"the statistics are to be gathered"}), nil
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
		name := fmt.Sprintf("analyze-%.6x", sha256.Sum256([]byte(database)))
		if err := h.db.Run(ctx, acting.Pod, name, segments.Analyze(database), progress); err != nil {
			return fmt.Errorf("database %s: %w", database, err)
		}
	}
	h.done = true
	return nil
}
