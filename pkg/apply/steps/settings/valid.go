package settings

import (
	"context"
	"errors"
	"slices"
	"strings"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// validHandler has the server's own program try settings. It changes nothing: its Check is either done or blocked.
type validHandler struct {
	engine.Nothing
	settings *Settings
	action   plan.Valid
}

func (h *validHandler) Check(ctx context.Context) (engine.Finding, error) {
	finding, err := h.settings.db.WithActing(ctx, h.look)
	if finding.State == engine.Unknown {
		return engine.Finding{State: engine.Blocked, Details: append([]string{"the database does not run"}, finding.Details...),
			Next: engine.Next("nothing was changed: ", plan.Gpk("start"), " starts it; then run this again")}, err
	}
	return finding, err
}

func (h *validHandler) look(ctx context.Context, acting database.Acting) (engine.Finding, error) {
	var names []string
	for _, s := range h.action.Settings {
		names = append(names, s.Name)
	}
	known, err := h.settings.ServerSettings(ctx, acting, names)
	if err != nil {
		return engine.Finding{}, err
	}
	faults := make([]string, len(h.action.Settings))
	err = engine.Each(ctx, h.action.Settings, func(ctx context.Context, i int, s segments.Setting) (err error) {
		faults[i], err = h.fault(ctx, acting.Pod, s, known)
		return err
	})
	if found := engine.NonEmpty(faults); err == nil && len(found) > 0 {
		return engine.BlockedBy(strings.Join(found, "; "), "nothing was changed: correct the command line"), nil
	}
	return engine.Finding{State: engine.Done}, err
}

// fault is why the server does not take a setting, or "".
func (h *validHandler) fault(ctx context.Context, pod string, s segments.Setting, known []segments.ServerSetting) (string, error) {
	i := slices.IndexFunc(known, func(k segments.ServerSetting) bool { return strings.EqualFold(k.Name, s.Name) })
	switch {
	case i < 0:
		return s.Name + ": the server has no such setting", nil
	case known[i].Fixed():
		return s.Name + ": the server was built or initialised with it, and cannot change it", nil
	case s.Value == "":
		return "", nil
	}
	_, err := h.settings.remote.Run(ctx, pod, segments.TrySetting(s, h.action.Beside))
	if exit, failed := errors.AsType[*remote.Error](err); failed {
		return s.Name + ": " + segments.SettingFault(exit.Output), nil
	}
	return "", err
}
