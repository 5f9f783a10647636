package plan

import (
	"slices"
	"strings"

	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// Valid asks the server whether it knows settings and would take their values, all of them before any is changed. It changes
// nothing.
type Valid struct {
	Settings []segments.Setting
	// Beside are the settings by which others are measured, which the server is to have when it is asked about those.
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

// SettingDefault is the value that stands for whatever a setting has without cluster.yaml.
const SettingDefault = "DEFAULT"

// Config is the plan that changes settings of a database that runs, from what one cluster.yaml derives and gives to what
// another one does. given are those that are asked for, with their values or SettingDefault. Without restart those that need
// one wait for the next.
func Config(from, to *topology.Cluster, given []segments.Setting, restart bool) Plan {
	var asked []segments.Setting
	for _, s := range given {
		if s.Value == SettingDefault {
			s.Value = ""
		}
		asked = append(asked, s)
	}
	written := Written{Settings: changedSettings(from, to, given)}
	for _, s := range given {
		if !slices.ContainsFunc(written.Settings, func(w segments.RoleSetting) bool { return w.Name == s.Name }) {
			written.Removed = append(written.Removed, s.Name)
		}
	}
	steps := []Step{
		{"valid", "settings that the server knows and would take", Converge, Valid{asked, bounds(to)}},
		{"settings", "settings in the files of all instances", Converge, written},
	}
	if restart {
		steps = append(steps, Step{"restart", "settings in effect", Converge, Effective{written.Names()}},
			Step{"synced", "mirrors in sync", Converge, Synced{}})
	}
	return Plan{"config", ref(to), steps}
}

// bounds are the settings by which others are measured.
func bounds(c *topology.Cluster) []segments.Setting {
	for name, value := range c.Spec.Database.Config {
		if strings.EqualFold(name, topology.MostStatement) {
			return []segments.Setting{{Name: topology.MostStatement, Value: string(value)}}
		}
	}
	return nil
}

// Names are those of all settings that are touched.
func (w Written) Names() []string {
	var names []string
	for _, s := range w.Settings {
		names = append(names, s.Name)
	}
	return append(names, w.Removed...)
}

// changedSettings are the settings of a cluster that it has otherwise than another one, and those that are asked for.
func changedSettings(from, to *topology.Cluster, given []segments.Setting) []segments.RoleSetting {
	before := map[string]topology.NamedSetting{}
	for _, s := range topology.Settings(from) {
		before[s.Name] = s
	}
	var changed []segments.RoleSetting
	for _, s := range topology.Settings(to) {
		was, known := before[s.Name]
		asked := slices.ContainsFunc(given, func(g segments.Setting) bool {
			return strings.EqualFold(g.Name, s.Name) || g.Name == topology.MostStatement && s.Name == topology.StatementMem
		})
		if asked || !known || was.Coordinator != s.Coordinator || was.Segment != s.Segment {
			changed = append(changed, segments.RoleSetting{Name: s.Name, Coordinator: string(s.Coordinator), Segment: string(s.Segment)})
		}
	}
	return changed
}
