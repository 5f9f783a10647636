package settings

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// keptHandler compares settings with what the instances have. Nothing carries it out: each of them has a command of its own.
type keptHandler struct {
	engine.Nothing
	store    *record.Store
	db       *database.Database
	settings *Settings
	action   plan.Kept
}

func (h *keptHandler) Check(ctx context.Context) (engine.Finding, error) {
	found, err := h.Compared(ctx)
	var details []string
	for _, drift := range found {
		details = append(details, drift.Found)
	}
	return engine.PendingIf(details), err
}

// Compared says which settings the instances have otherwise than they were given them, as by gpconfig, by ALTER SYSTEM or by
// an editor: what is in the files of the coordinator and the acting primaries, and which of them run with something else until
// they are started again. Until clients are let in, it is the business of the step that gives the settings.
func (h *keptHandler) Compared(ctx context.Context) ([]engine.Drift, error) {
	state, err := h.store.State(ctx)
	if drift, foreign := kube.ForeignDrift(err); foreign {
		return []engine.Drift{drift}, nil
	}
	if err != nil || state[plan.StateCoordinator] == "" || len(h.action.Settings) == 0 {
		return nil, err
	}
	acting, err := h.db.Acting(ctx)
	if errors.Is(err, database.ErrSilent) {
		return engine.Told(engine.Finding{State: engine.Unknown, Details: []string{err.Error()}}), nil
	}
	if err != nil {
		return nil, err
	}
	names := make([]string, len(h.action.Settings))
	for i, s := range h.action.Settings {
		names[i] = s.Name
	}
	files := h.settings.fileSettings(ctx, acting, names)
	var found, silent []engine.Drift
	for _, s := range h.action.Settings {
		found = append(found, otherwise(s, files)...)
	}
	for _, file := range files {
		if file.err != nil {
			what := fmt.Sprintf("the settings of %s cannot be asked for: %s", instanceName(file.row), remote.Summary(file.err))
			silent = append(silent, engine.Told(engine.Finding{State: engine.Unknown, Details: []string{what}})...)
		}
	}
	return append(found, silent...), ctx.Err()
}

// otherwise are the ways in which instances have a setting otherwise than it was given to them, each told with the first instance.
func otherwise(s plan.KeptSetting, files []instanceFiles) []engine.Drift {
	var found []engine.Drift
	var first []string
	count := map[string]int{}
	for _, file := range files {
		setting, known := file.settings[s.Name]
		what, command := amiss(s, file.row, setting)
		if !known || what == "" {
			continue
		}
		if count[what]++; count[what] == 1 {
			found = append(found, engine.Drift{Found: what, Command: command})
			first = append(first, instanceName(file.row))
		}
	}
	for i := range found {
		more := count[found[i].Found] - 1
		if found[i].Found += " on " + first[i]; more > 0 {
			found[i].Found += fmt.Sprintf(" and %d more", more)
		}
	}
	return found
}

// amiss says in what an instance has a setting otherwise than it was given to it, if it has, and the command against that.
func amiss(s plan.KeptSetting, row segments.Row, setting segments.FileSetting) (what string, command plan.Command) {
	want := wantedOn(row, s.RoleSetting)
	switch {
	case setting.Value == nil:
		return s.Name + " is in no file and should be " + want, s.Command
	case !setting.Has(want) && setting.Altered:
		return s.Name + " is " + cmp.Or(*setting.Value, "''") + " by ALTER SYSTEM instead of " + want, s.Command
	case !setting.Has(want):
		return s.Name + " is " + cmp.Or(*setting.Value, "''") + " instead of " + want, s.Command
	case setting.Pending:
		return s.Name + " waits for a restart", plan.RestartCommand()
	}
	return "", nil
}
