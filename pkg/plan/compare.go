package plan

import (
	"cmp"
	"strings"

	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// Kept are settings that gpk has given to the instances, and that somebody may have changed past it. It is for comparing only:
// nothing carries it out, since each of them has a command of its own.
type Kept struct{ Settings []KeptSetting }

// KeptSetting is one of them, with the command that gives it to the instances again.
type KeptSetting struct {
	segments.RoleSetting
	Command string
}

// RestartCommand has settings count that wait for it.
const RestartCommand = "gpk restart"

func (Kept) action() {}

// Compare is the plan that a cluster is compared with: that of its creation, and the settings that it was made with or given
// since. Of those that another file wants otherwise nothing is said: the command that makes the change writes them anyhow.
func Compare(made, file *topology.Cluster) (Plan, error) {
	p, err := Create(made)
	if err != nil {
		return Plan{}, err
	}
	given := map[string]string{}
	for name, value := range made.Spec.Database.Config {
		given[strings.ToLower(name)] = string(value)
	}
	wanted := map[string]topology.NamedSetting{}
	for _, s := range topology.Settings(file) {
		wanted[s.Name] = s
	}
	var kept Kept
	for _, s := range topology.Settings(made) {
		if w, ok := wanted[s.Name]; !ok || w.Coordinator != s.Coordinator || w.Segment != s.Segment {
			continue
		}
		kept.Settings = append(kept.Settings, KeptSetting{
			segments.RoleSetting{Name: s.Name, Coordinator: string(s.Coordinator), Segment: string(s.Segment)},
			setCommand(s.Name, given[s.Name]),
		})
	}
	p.Steps = append(p.Steps, Step{"kept", "server settings as they were given", Converge, kept})
	return p, nil
}

// setCommand gives a setting a value or, where cluster.yaml has none, what it has without one.
func setCommand(name, value string) string {
	return "gpk config set " + Word(name+"="+cmp.Or(value, SettingDefault))
}
