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
)

// driftHandler compares what the instances have with the settings that gpk gave them. It changes nothing: each drift names the command
// that removes it.
type driftHandler struct {
	engine.Nothing
	store    *record.Store
	settings *Settings
	wanted   []plan.KeptSetting
}

func (h *driftHandler) Check(ctx context.Context) (engine.Finding, error) {
	found, err := h.Compared(ctx)
	var details []string
	for _, drift := range found {
		details = append(details, drift.Found)
	}
	return engine.PendingIf(details), err
}

// Compared finds settings that gpconfig, ALTER SYSTEM or an editor has changed in the files of the coordinator and the acting
// primaries, and those that wait for a restart there. Until clients are let in, configureHandler checks them.
func (h *driftHandler) Compared(ctx context.Context) ([]engine.Drift, error) {
	state, err := h.store.State(ctx)
	if drift, foreign := kube.ForeignDrift(err); foreign {
		return []engine.Drift{drift}, nil
	}
	if err != nil || state[plan.StateCoordinator] == "" || len(h.wanted) == 0 {
		return nil, err
	}
	acting, err := h.settings.db.Acting(ctx)
	if errors.Is(err, database.ErrNoCoordinator) {
		return []engine.Drift{{Found: err.Error(), Unknown: true}}, nil
	}
	if err != nil {
		return nil, err
	}
	names := make([]string, len(h.wanted))
	for i, s := range h.wanted {
		names[i] = s.Name
	}
	files, err := h.settings.files(ctx, acting, names)
	if err != nil {
		return nil, err
	}
	var found []engine.Drift
	for _, s := range h.wanted {
		found = append(found, driftOf(s, files)...)
	}
	for _, file := range files {
		if file.err != nil {
			what := fmt.Sprintf("cannot read the settings of %s: %s", file, remote.Summary(file.err))
			found = append(found, engine.Drift{Found: what, Unknown: true})
		}
	}
	return found, nil
}

// driftOf are the ways in which instances differ from a setting. Each names the first such instance and counts the others.
func driftOf(s plan.KeptSetting, files []instanceFiles) []engine.Drift {
	var found []engine.Drift
	first, count := map[string]string{}, map[string]int{}
	for _, file := range files {
		what, command := difference(s, file)
		if what == "" {
			continue
		}
		if count[what]++; count[what] == 1 {
			found = append(found, engine.Drift{Found: what, Command: command})
			first[what] = file.String()
		}
	}
	for i, drift := range found {
		found[i].Found += " on " + first[drift.Found]
		if more := count[drift.Found] - 1; more > 0 {
			found[i].Found += fmt.Sprintf(" and %d more of the instances", more)
		}
	}
	return found
}

// difference is how an instance differs from a setting, and the command that removes the difference. A setting that the files and the
// server do not know makes no difference.
func difference(s plan.KeptSetting, file instanceFiles) (what string, command plan.Command) {
	has, known := file.settings[s.Name]
	want := file.wants(s.RoleSetting)
	switch {
	case !known:
		return "", nil
	case has.Value == nil:
		return s.Name + " is in no file and should be " + want, s.Command
	case !has.Has(want) && has.Altered:
		return s.Name + " is " + cmp.Or(*has.Value, "''") + " by ALTER SYSTEM instead of " + want, s.Command
	case !has.Has(want):
		return s.Name + " is " + cmp.Or(*has.Value, "''") + " instead of " + want, s.Command
	case has.Pending:
		return s.Name + " waits for a restart", plan.Gpk("restart")
	}
	return "", nil
}
