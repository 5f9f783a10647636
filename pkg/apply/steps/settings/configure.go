package settings

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// configureHandler gives the instances what gpinitsystem could not give them. Once clients are let in, nothing here restarts
// a database any more: what a setting is from then on is the business of whoever changes it.
type configureHandler struct {
	remote   *remote.Pods
	store    *record.Store
	db       *database.Database
	settings *Settings
	action   plan.Configure
}

func (h *configureHandler) Check(ctx context.Context) (engine.Finding, error) {
	state, err := h.store.State(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	if state[plan.StateCoordinator] != "" {
		return engine.Finding{State: engine.Done}, nil
	}
	return h.db.LookAt(ctx, h.look)
}

func (h *configureHandler) look(ctx context.Context, acting database.Acting) (engine.Finding, error) {
	faults, err := h.faults(ctx, acting)
	if wrong := engine.NonEmpty(faults); err != nil || len(wrong) > 0 {
		return engine.PendingIf(wrong), err
	}
	needed, err := h.needed(ctx, acting)
	if err == nil && needed != "" {
		return engine.PendingIf([]string{"the instances need a " + needed + " to follow their settings"}), nil
	}
	return engine.Finding{State: engine.Done}, err
}

// faults say for each setting in its place what is wrong with it in the instances' files, or "".
func (h *configureHandler) faults(ctx context.Context, acting database.Acting) ([]string, error) {
	faults := make([]string, len(h.action.Settings))
	err := engine.Each(ctx, h.action.Settings, func(ctx context.Context, i int, s segments.RoleSetting) error {
		out, err := h.remote.Run(ctx, acting.Pod, segments.GpconfigShow(s.Name))
		var exit *remote.Error
		if err != nil && !errors.As(err, &exit) {
			return err
		}
		faults[i] = segments.Misconfigured(out, s)
		return nil
	})
	return faults, err
}

func (h *configureHandler) needed(ctx context.Context, acting database.Acting) (string, error) {
	return h.db.Query(ctx, acting, "postgres", segments.StaleSettingsSQL(h.names()))
}

func (h *configureHandler) names() []string {
	names := make([]string, len(h.action.Settings))
	for i, s := range h.action.Settings {
		names[i] = s.Name
	}
	return names
}

// write writes one setting after the other: two that write the same file at once may lose each other's.
func (h *configureHandler) write(ctx context.Context, acting database.Acting, progress func(string)) error {
	faults, err := h.faults(ctx, acting)
	if err != nil {
		return err
	}
	hidden, err := h.settings.hidden(ctx, acting, h.names())
	if err != nil {
		return err
	}
	if err := h.takeOutBounded(ctx, acting, faults, progress); err != nil {
		return err
	}
	for i, s := range h.action.Settings {
		if faults[i] == "" {
			continue
		}
		progress(fmt.Sprintf("%s = %s on the coordinator, %s on the segments", s.Name, s.Coordinator, s.Segment))
		set := segments.Gpconfig(s, hidden[strings.ToLower(s.Name)])
		if err := h.db.Run(ctx, acting.Pod, "gpconfig-"+s.Name, set, progress); err != nil {
			return err
		}
	}
	return nil
}

// takeOutBounded has statement_mem written again if max_statement_mem is to be: gpconfig writes at a file's end, and the server
// reads it from the top. Whoever is interrupted in between leaves files without it, with which a server starts, and sees that it
// is missing.
func (h *configureHandler) takeOutBounded(ctx context.Context, acting database.Acting, faults []string, progress func(string)) error {
	names := h.names()
	most, bounded := slices.Index(names, topology.MostStatement), slices.Index(names, topology.StatementMem)
	if most < 0 || bounded < 0 || faults[most] == "" {
		return nil
	}
	faults[bounded] = topology.StatementMem + " has to follow " + topology.MostStatement
	return h.db.Run(ctx, acting.Pod, "gpconfig-"+topology.StatementMem, segments.GpconfigRemove(topology.StatementMem, false), progress)
}

// Do writes what differs, then has the database take it up.
func (h *configureHandler) Do(ctx context.Context, progress func(string)) error {
	acting, err := h.db.Lately(ctx)
	if err != nil {
		return err
	}
	if err := h.write(ctx, acting, progress); err != nil {
		return err
	}
	// See StaleSettingsSQL: what starts within the second of the last change cannot be told from what started before it.
	if err := engine.Sleep(ctx, 1100*time.Millisecond); err != nil {
		return err
	}
	switch needed, err := h.needed(ctx, acting); {
	case err != nil:
		return err
	case needed == segments.NeedsRestart:
		return h.db.Run(ctx, acting.Pod, database.RestartJob, segments.Gprestart(), progress)
	case needed == segments.NeedsReload:
		return h.db.Run(ctx, acting.Pod, "gpstop-reload", segments.Gpreload(), progress)
	}
	return nil
}
