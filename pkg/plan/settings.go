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

// initSettings are the settings of a new cluster, as gpinitsystem takes them: the coordinator's max_connections, from which it
// derives those of the segments, the settings that it gives to all instances, and the rest, which it cannot give.
func initSettings(c *topology.Cluster) (connections string, everywhere []segments.Setting, rest []segments.RoleSetting) {
	unbounded := false // the bound of statement_mem is in the rest, so statement_mem has to be there too
	for _, s := range settingsOf(c) {
		switch {
		case s.Name == "max_connections":
			connections = s.Coordinator
		case s.Coordinator == s.Segment && segments.SurvivesInitSystem(s.Coordinator) && (s.Name != topology.StatementMem || !unbounded):
			everywhere = append(everywhere, segments.Setting{Name: s.Name, Value: s.Coordinator})
		default:
			unbounded = unbounded || s.Name == topology.MostStatement
			rest = append(rest, s)
		}
	}
	return connections, everywhere, rest
}

// changedSettings are those with other values in one cluster than in another, and those that a person asks for.
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

// Compare is the plan that a cluster is compared with: that of its creation, with the settings that it was made with or given
// since. It leaves out the settings to which another file gives other values: the command that makes the change writes them.
func Compare(made, file *topology.Cluster) (Plan, error) {
	p, err := Create(made)
	if err != nil {
		return Plan{}, err
	}
	given := map[string]string{}
	for name, value := range made.Spec.Database.Config {
		given[strings.ToLower(name)] = string(value)
	}
	wanted := settingsByName(file)
	var kept Kept
	for _, s := range settingsOf(made) {
		if wanted[s.Name] == s {
			kept.Settings = append(kept.Settings, KeptSetting{s, setCommand(s.Name, given[s.Name])})
		}
	}
	p.Steps = append(p.Steps, Step{"kept", "server settings as they were given", Converge, kept})
	return p, nil
}

// Kept are settings that gpk has given to the instances, and that somebody may have changed without gpk. It is for comparing
// only: nothing carries it out, since each of them has a command of its own.
type Kept struct{ Settings []KeptSetting }

// KeptSetting is one of them, with the command that gives it to the instances again.
type KeptSetting struct {
	segments.RoleSetting
	Command Command
}

func (Kept) action() {}
