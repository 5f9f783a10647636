package apply

import (
	"context"
	"errors"
	"maps"
	"strings"

	"gpk/pkg/apply/database"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// Config changes server settings, and with restart restarts the database if one of them needs it.
func Config(t *Target, m Made, given []segments.Setting, restart bool) (Operation, error) {
	to, err := configured(m.Cluster, given)
	if err != nil {
		return Operation{}, err
	}
	o := Operation{made: m, plan: plan.Config(m.Cluster, to, given, restart), result: to}
	o.after = func(ctx context.Context, answer *Operated) (err error) {
		for _, step := range o.plan.Steps {
			if written, ok := step.Action.(plan.Written); ok {
				answer.Restart, err = t.settings.PendingSettings(ctx, written.Names())
				if errors.Is(err, database.ErrNoCoordinator) {
					answer.Stopped, err = true, nil
				}
			}
		}
		return err
	}
	return o, nil
}

func configured(c *topology.Cluster, given []segments.Setting) (*topology.Cluster, error) {
	to, err := copied(c)
	if err != nil {
		return nil, err
	}
	if to.Spec.Database.Config == nil {
		to.Spec.Database.Config = map[string]topology.Setting{}
	}
	for _, s := range given {
		maps.DeleteFunc(to.Spec.Database.Config, func(name string, _ topology.Setting) bool { return strings.EqualFold(name, s.Name) })
		if s.Value != plan.SettingDefault {
			to.Spec.Database.Config[s.Name] = topology.Setting(s.Value)
		}
	}
	if err := to.ValidateChange(c); err != nil {
		return nil, UsageError{err}
	}
	return to, nil
}

// ShownSetting is a server setting as the acting coordinator has it. Its JSON is stable.
type ShownSetting struct {
	segments.ServerSetting
	// Why is where gpk has the value from, empty for Greenplum's own.
	Why string `json:"why,omitempty"`
}

// Settings asks the acting coordinator for settings of these names, or for those that gpk has given it. shown lacks unknown ones.
func Settings(ctx context.Context, t *Target, m Made, names []string) (asked []string, shown []ShownSetting, err error) {
	why := map[string]string{}
	asked = names
	for _, s := range topology.Settings(m.Cluster) {
		why[s.Name] = s.Why
		if len(names) == 0 {
			asked = append(asked, s.Name)
		}
	}
	acting, err := t.db.Acting(ctx)
	if err != nil {
		return nil, nil, err
	}
	found, err := t.settings.ServerSettings(ctx, acting, asked)
	shown = make([]ShownSetting, 0, len(found))
	for _, s := range found {
		shown = append(shown, ShownSetting{s, why[strings.ToLower(s.Name)]})
	}
	return asked, shown, err
}
