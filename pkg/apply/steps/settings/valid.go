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
	if err != nil || finding.State != engine.Unknown {
		return finding, err
	}
	pod, err := h.settings.stoppedPod(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	if pod == "" || len(h.action.Instances) == 0 {
		return engine.Finding{State: engine.Blocked, Details: append([]string{"the database does not run"}, finding.Details...),
			Next: engine.Next("nothing was changed: ", plan.Gpk("start"), " starts it; then run this again")}, err
	}
	return h.lookStopped(ctx, pod)
}

// lookStopped is the look at a database that is stopped, which may be so for a setting: only a value that is given is tried.
func (h *validHandler) lookStopped(ctx context.Context, pod string) (engine.Finding, error) {
	faults := make([]string, len(h.action.Settings))
	err := engine.Each(ctx, h.action.Settings, func(ctx context.Context, i int, s segments.Setting) (err error) {
		switch {
		case !segments.CanBeInFile(s):
			faults[i] = s.Name + ": the server has no such setting, or its value has several lines"
		case s.Value != "":
			faults[i], err = h.refusal(ctx, pod, s)
		}
		return err
	})
	if err != nil {
		return engine.Finding{}, err
	}
	return h.started(ctx, engine.NonEmpty(faults), stoppedPlaces(pod, h.action.Instances))
}

// started is the finding once the values are known. If they are right, servers try to start with them.
func (h *validHandler) started(ctx context.Context, faults []string, places []place) (found engine.Finding, err error) {
	if len(faults) == 0 {
		faults, err = h.settings.trial().startFaults(ctx, places, h.action.Starts)
	}
	if err == nil && len(faults) > 0 {
		return engine.BlockedBy(strings.Join(faults, "; "), "nothing was changed: correct the command line"), nil
	}
	return engine.Finding{State: engine.Done}, err
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
	if err != nil {
		return engine.Finding{}, err
	}
	found := engine.NonEmpty(faults)
	if len(found) == 0 {
		fault, err := h.settings.trial().sessionFault(ctx, acting.Pod, h.inSession(known))
		if err != nil {
			return engine.Finding{}, err
		}
		found = engine.NonEmpty([]string{fault})
	}
	return h.started(ctx, found, triedPlaces(acting))
}

// inSession are the given values that a session can begin with.
func (h *validHandler) inSession(known []segments.ServerSetting) []segments.Setting {
	return slices.DeleteFunc(slices.Clone(h.action.Settings), func(s segments.Setting) bool {
		return s.Value == "" || !slices.ContainsFunc(known, func(k segments.ServerSetting) bool {
			return strings.EqualFold(k.Name, s.Name) && k.InSession()
		})
	})
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
	return h.refusal(ctx, pod, s)
}

// refusal is why the server's program does not take a value, or "".
func (h *validHandler) refusal(ctx context.Context, pod string, s segments.Setting) (string, error) {
	_, err := h.settings.remote.Run(ctx, pod, segments.TrySetting(s, h.action.Beside))
	if exit, failed := errors.AsType[*remote.Error](err); failed {
		return s.Name + ": " + segments.SettingFault(exit.Output), nil
	}
	return "", err
}
