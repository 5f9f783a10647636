package settings

import (
	"context"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// writtenHandler sets and removes settings of a database that clients use, and has the instances read their files.
type writtenHandler struct {
	settings writer
	change   plan.Written
}

func (h *writtenHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.settings.db.WithActing(ctx, func(ctx context.Context, acting database.Acting) (engine.Finding, error) {
		wrong, err := h.settings.unwritten(ctx, acting, h.change)
		if err != nil || len(wrong) > 0 {
			return engine.PendingIf(wrong), err
		}
		unread, err := h.settings.db.Query(ctx, acting, "postgres", segments.UnreadSQL)
		if err == nil && unread == "t" {
			return engine.PendingIf([]string{"the files were changed after the instances read them"}), nil
		}
		return engine.Finding{State: engine.Done}, err
	})
}

func (h *writtenHandler) Do(ctx context.Context, progress func(string)) error {
	acting, err := h.settings.db.Acting(ctx)
	if err != nil {
		return err
	}
	if err := h.settings.resetAltered(ctx, acting, h.change, progress); err != nil {
		return err
	}
	if err := h.settings.write(ctx, acting, h.change, progress); err != nil {
		return err
	}
	return h.settings.follow(ctx, acting, segments.NeedsReload, progress)
}

// effectiveHandler restarts the database for settings that wait for a restart.
type effectiveHandler struct {
	settings writer
	names    []string
}

func (h *effectiveHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.settings.db.WithActing(ctx, func(ctx context.Context, acting database.Acting) (engine.Finding, error) {
		names, err := h.settings.pending(ctx, acting, h.names)
		for i, name := range names {
			names[i] = name + " waits for a restart"
		}
		return engine.PendingIf(names), err
	})
}

func (h *effectiveHandler) Do(ctx context.Context, progress func(string)) error {
	acting, err := h.settings.db.Acting(ctx)
	if err != nil {
		return err
	}
	return h.settings.follow(ctx, acting, segments.NeedsRestart, progress)
}
