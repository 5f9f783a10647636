package plan

import (
	"slices"
	"strings"

	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// SettingDefault is the value that stands for whatever a setting has without cluster.yaml.
const SettingDefault = "DEFAULT"

// settingsOf are the server settings of a cluster, derived ones and those of cluster.yaml.
func settingsOf(c *topology.Cluster) []segments.RoleSetting {
	return each(topology.Settings(c), func(s topology.NamedSetting) segments.RoleSetting {
		return segments.RoleSetting{Name: s.Name, Coordinator: string(s.Coordinator), Segment: string(s.Segment)}
	})
}

func settingsByName(c *topology.Cluster) map[string]segments.RoleSetting {
	settings := map[string]segments.RoleSetting{}
	for _, s := range settingsOf(c) {
		settings[s.Name] = s
	}
	return settings
}

// initSettings are the settings of a new cluster, as gpinitsystem takes them.
type initSettings struct {
	// connections are the coordinator's max_connections. gpinitsystem derives those of the segments.
	connections string
	// everywhere are those that gpinitsystem gives to all instances, and rest those that it cannot give.
	everywhere []segments.Setting
	rest       []segments.RoleSetting
}

func initSettingsOf(c *topology.Cluster) initSettings {
	var split initSettings
	unbounded := false // the bound of statement_mem is in the rest, so statement_mem has to be there too
	for _, s := range settingsOf(c) {
		switch {
		case s.Name == "max_connections":
			split.connections = s.Coordinator
		case s.Coordinator == s.Segment && segments.SurvivesInitSystem(s.Coordinator) && (s.Name != topology.StatementMem || !unbounded):
			split.everywhere = append(split.everywhere, segments.Setting{Name: s.Name, Value: s.Coordinator})
		default:
			unbounded = unbounded || s.Name == topology.MostStatement
			split.rest = append(split.rest, s)
		}
	}
	return split
}

// changedSettings are the settings that one cluster has with other values than another cluster, and those that a person asks
// for.
func changedSettings(from, to *topology.Cluster, asked []segments.Setting) []segments.RoleSetting {
	before := settingsByName(from)
	var changed []segments.RoleSetting
	for _, s := range settingsOf(to) {
		if before[s.Name] != s || slices.ContainsFunc(asked, func(a segments.Setting) bool { return touches(a, s) }) {
			changed = append(changed, s)
		}
	}
	return changed
}

// touches says whether a person who asks for one setting changes another one, itself or one that it bounds.
func touches(asked segments.Setting, s segments.RoleSetting) bool {
	return strings.EqualFold(asked.Name, s.Name) || asked.Name == topology.MostStatement && s.Name == topology.StatementMem
}
