package settings

import (
	"context"
	"errors"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// configureHandler sets on the instances what gpinitsystem could not set. It only does so until clients are let in: from then on no
// `gpk create` may restart a database for a setting.
type configureHandler struct {
	store    *record.Store
	settings *Settings
	change   plan.Written
}

func (h *configureHandler) Check(ctx context.Context) (engine.Finding, error) {
	state, err := h.store.State(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	if state[plan.StateCoordinator] != "" {
		return engine.Finding{State: engine.Done}, nil
	}
	return h.settings.db.WithActing(ctx, func(ctx context.Context, acting database.Acting) (engine.Finding, error) {
		faults, err := h.settings.misconfigured(ctx, acting, h.change.Settings)
		if wrong := engine.NonEmpty(faults); err != nil || len(wrong) > 0 {
			return engine.PendingIf(wrong), err
		}
		needed, err := h.needed(ctx, acting)
		if err == nil && needed != "" {
			return engine.PendingIf([]string{"the instances need a " + needed + " before their settings take effect"}), nil
		}
		return engine.Finding{State: engine.Done}, err
	})
}

// needed is what the instances need before the settings take effect.
func (h *configureHandler) needed(ctx context.Context, acting database.Acting) (string, error) {
	return h.settings.db.Query(ctx, acting, "postgres", segments.StaleSettingsSQL(h.change.Names()))
}

func (h *configureHandler) Do(ctx context.Context, progress func(string)) error {
	acting, err := h.settings.db.RecentActing(ctx)
	if err != nil {
		return err
	}
	if err := h.settings.write(ctx, acting, h.change, progress); err != nil {
		return err
	}
	needed, err := h.needed(ctx, acting)
	if err != nil {
		return err
	}
	return h.settings.follow(ctx, acting, needed, progress)
}

// writtenHandler sets and removes settings of a database that clients use, and has the instances read their files.
type writtenHandler struct {
	settings *Settings
	change   plan.Written
}

func (h *writtenHandler) Check(ctx context.Context) (engine.Finding, error) {
	finding, err := h.look(ctx)
	if err != nil || finding.State != engine.Unknown || len(h.change.Instances) == 0 {
		return finding, err
	}
	if pod, err := h.settings.stoppedPod(ctx); err != nil || pod == "" {
		return finding, err
	}
	wrong, err := h.settings.stopped().unwritten(ctx, h.change)
	return engine.PendingIf(wrong), err
}

func (h *writtenHandler) look(ctx context.Context) (engine.Finding, error) {
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
	if errors.Is(err, database.ErrNoCoordinator) && len(h.change.Instances) > 0 {
		if pod, _ := h.settings.stoppedPod(ctx); pod != "" {
			return h.settings.stopped().write(ctx, h.change, progress)
		}
	}
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

// effectiveHandler restarts the database for settings that wait for a restart. Nothing waits in one that is stopped.
type effectiveHandler struct {
	settings *Settings
	names    []string
	before   plan.Written
}

func (h *effectiveHandler) Check(ctx context.Context) (engine.Finding, error) {
	finding, err := h.look(ctx)
	if err != nil || finding.State != engine.Unknown || len(h.before.Instances) == 0 {
		return finding, err
	}
	if pod, err := h.settings.stoppedPod(ctx); err != nil || pod == "" {
		return finding, err
	}
	return engine.Finding{State: engine.Done, Details: []string{"the database is stopped: the settings take effect when it starts"}}, nil
}

func (h *effectiveHandler) look(ctx context.Context) (engine.Finding, error) {
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
	if err := h.settings.follow(ctx, acting, segments.NeedsRestart, progress); err != nil {
		return h.takeBack(ctx, acting, err, progress)
	}
	return nil
}
