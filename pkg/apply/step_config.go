package apply

import (
	"context"
	"errors"
	"slices"
	"strings"

	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// validHandler asks the server's own program about settings. It has nothing to do: its Check is either done or blocked.
type validHandler struct {
	nothing
	target *Target
	action plan.Valid
}

func (h *validHandler) Check(ctx context.Context) (Finding, error) {
	finding, err := h.target.lookAt(ctx, h.look)
	if finding.State == Unknown {
		return Finding{State: Blocked, Details: append([]string{"the database does not run"}, finding.Details...),
			Next: "nothing was changed: `gpk start` starts it; then run this again"}, err
	}
	return finding, err
}

func (h *validHandler) look(ctx context.Context, acting Acting) (Finding, error) {
	var names []string
	for _, s := range h.action.Settings {
		names = append(names, s.Name)
	}
	known, err := h.target.ServerSettings(ctx, acting, names)
	if err != nil {
		return Finding{}, err
	}
	faults := make([]string, len(h.action.Settings))
	err = each(ctx, h.action.Settings, func(ctx context.Context, i int, s segments.Setting) (err error) {
		faults[i], err = h.fault(ctx, acting, s, known)
		return err
	})
	if found := nonEmpty(faults); err == nil && len(found) > 0 {
		return Finding{State: Blocked, Details: []string{strings.Join(found, "; ")}, Next: "nothing was changed: mend the command line"}, nil
	}
	return Finding{State: Done}, err
}

func (h *validHandler) fault(ctx context.Context, acting Acting, s segments.Setting, known []segments.ServerSetting) (string, error) {
	i := slices.IndexFunc(known, func(k segments.ServerSetting) bool { return strings.EqualFold(k.Name, s.Name) })
	switch {
	case i < 0:
		return s.Name + ": the server has no such setting", nil
	case known[i].Fixed():
		return s.Name + ": the server was built or made with it, nobody can change it", nil
	case s.Value == "":
		return "", nil
	}
	_, err := h.target.remote.Run(ctx, acting.Pod, segments.TrySetting(s, h.action.Beside))
	var exit *remote.Error
	if errors.As(err, &exit) {
		return s.Name + ": " + segments.SettingFault(exit.Output), nil
	}
	return "", err
}

// ServerSettings are settings as the acting coordinator has them, without those that it does not know.
func (t *Target) ServerSettings(ctx context.Context, acting Acting, names []string) ([]segments.ServerSetting, error) {
	out, err := t.sql(ctx, acting, "postgres", segments.ServerSettingsSQL(lower(names)))
	if err != nil {
		return nil, err
	}
	return segments.ParseServerSettings(out)
}

func lower(names []string) []string {
	folded := make([]string, len(names))
	for i, name := range names {
		folded[i] = strings.ToLower(name)
	}
	return folded
}

// effectiveHandler restarts the database for settings that only count from then on.
type effectiveHandler struct {
	target *Target
	action plan.Effective
}

func (h *effectiveHandler) Check(ctx context.Context) (Finding, error) {
	return h.target.lookAt(ctx, func(ctx context.Context, acting Acting) (Finding, error) {
		names, err := h.target.pending(ctx, acting, h.action.Names)
		for i, name := range names {
			names[i] = name + " waits for a restart"
		}
		return pendingIf(names), err
	})
}

func (h *effectiveHandler) Do(ctx context.Context, progress func(string)) error {
	acting, err := h.target.Acting(ctx)
	if err != nil {
		return err
	}
	return h.target.runJob(ctx, acting.Pod, restartJob, segments.Gprestart(), progress)
}

// PendingSettings are those of the settings that count from the next restart on only.
func (t *Target) PendingSettings(ctx context.Context, names []string) ([]string, error) {
	acting, err := t.Acting(ctx)
	if err != nil {
		return nil, err
	}
	return t.pending(ctx, acting, names)
}

// pending asks the coordinator and every acting primary: a setting may have changed on the one and not on the others.
func (t *Target) pending(ctx context.Context, acting Acting, names []string) ([]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	return t.ofPrimaries(ctx, acting, segments.PendingSQL(lower(names)))
}

// ofPrimaries are the words that SQL prints on the coordinator or any acting primary, in order.
func (t *Target) ofPrimaries(ctx context.Context, acting Acting, sql string) ([]string, error) {
	asked := primariesUp(acting)
	answers := make([][]string, len(asked))
	err := each(ctx, asked, func(ctx context.Context, i int, row segments.Row) error {
		out, err := t.remote.Run(ctx, row.Pod(), segments.SegmentPsql(row.Port, sql))
		answers[i] = strings.Fields(out)
		return err
	})
	found := slices.Concat(answers...)
	slices.Sort(found)
	return slices.Compact(found), err
}

// primariesUp are the coordinator and every acting primary that is up: those that let in who asks them.
func primariesUp(acting Acting) []segments.Row {
	var up []segments.Row
	for _, row := range acting.Catalogue {
		if row.Role == topology.Primary && row.Up() {
			up = append(up, row)
		}
	}
	return up
}
