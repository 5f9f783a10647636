package plan

import (
	"strings"

	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

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
