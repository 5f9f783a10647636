package plan

import (
	"slices"
	"strings"

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
	instances := topology.New(to).Instances
	written, before := writtenOf(from, to, given), writtenOf(to, from, given)
	written.Instances, before.Instances = instances, instances
	return newPlan("config", ref(to), []Step{
		{"valid", "settings that the server knows and would take", Converge, Valid{asked, beside, written.Settings, instances}},
		{"settings", "settings in the files of all instances", Converge, written},
		{"restart", "settings in effect", Converge, when(restart, Effective{written.Names(), before})},
		{"synced", "mirrors in sync", Converge, when(restart, Synced{Running: true})},
	})
}

// writtenOf is what leads from one cluster.yaml to another, with the settings that a person has named.
func writtenOf(from, to *topology.Cluster, named []segments.Setting) Written {
	written := Written{Settings: changedSettings(from, to, named)}
	for _, s := range named {
		if !slices.ContainsFunc(written.Settings, func(w segments.RoleSetting) bool { return strings.EqualFold(w.Name, s.Name) }) {
			written.Removed = append(written.Removed, s.Name)
		}
	}
	return written
}

// Valid asks the server whether it knows settings and would take their values, all before any is changed. It changes nothing.
type Valid struct {
	Settings []segments.Setting
	// Beside are the settings that bound others. The server has them when gpk asks it about those.
	Beside []segments.Setting
	// Starts are the settings as the coordinator and the segments will have them. A server must start with them.
	Starts []segments.RoleSetting
	// Instances are those that are asked where the database does not run.
	Instances []topology.Instance
}

// Written gives settings to the files of all instances, takes others out of them, and has the instances read their files.
type Written struct {
	Settings []segments.RoleSetting
	Removed  []string
	// Instances are those whose files gpk changes itself where the database has been stopped. Without them it must run.
	Instances []topology.Instance
}

// Effective restarts the database if one of these settings waits for that.
type Effective struct {
	Names []string
	// Before is what the files had. They get it back if the database does not start with the settings. Without settings there is no way back.
	Before Written
}

func (Valid) action()     {}
func (Written) action()   {}
func (Effective) action() {}

// Names are those of all settings that are touched.
func (w Written) Names() []string {
	return append(each(w.Settings, func(s segments.RoleSetting) string { return s.Name }), w.Removed...)
}
