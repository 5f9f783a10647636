package plan

import (
	"slices"

	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// Config is the plan that changes settings of a running database, from what one cluster.yaml derives and gives to what another
// does. given are what a person asks for, with their values or SettingDefault. Without restart, those that need one wait for it.
func Config(from, to *topology.Cluster, given []segments.Setting, restart bool) Plan {
	asked := each(given, func(s segments.Setting) segments.Setting {
		if s.Value == SettingDefault {
			s.Value = ""
		}
		return s
	})
	var beside []segments.Setting
	if bound, found := settingsByName(to)[topology.MostStatement]; found {
		beside = append(beside, segments.Setting{Name: bound.Name, Value: bound.Coordinator})
	}
	written := Written{Settings: changedSettings(from, to, given)}
	for _, s := range given {
		if !slices.ContainsFunc(written.Settings, func(w segments.RoleSetting) bool { return w.Name == s.Name }) {
			written.Removed = append(written.Removed, s.Name)
		}
	}
	return newPlan("config", ref(to), []Step{
		{"valid", "settings that the server knows and would take", Converge, Valid{asked, beside}},
		{"settings", "settings in the files of all instances", Converge, written},
		{"restart", "settings in effect", Converge, when(restart, Effective{written.Names()})},
		{"synced", "mirrors in sync", Converge, when(restart, Synced{})},
	})
}

// Valid asks the server whether it knows settings and would take their values, all before any is changed. It changes nothing.
type Valid struct {
	Settings []segments.Setting
	// Beside are the settings that bound others. The server has them when gpk asks it about those.
	Beside []segments.Setting
}

// Written gives settings to the files of all instances, takes others out of them, and has the instances read their files.
type Written struct {
	Settings []segments.RoleSetting
	Removed  []string
}

// Effective restarts the database if one of these settings waits for that.
type Effective struct{ Names []string }

func (Valid) action()     {}
func (Written) action()   {}
func (Effective) action() {}

// Names are those of all settings that are touched.
func (w Written) Names() []string {
	return append(each(w.Settings, func(s segments.RoleSetting) string { return s.Name }), w.Removed...)
}
