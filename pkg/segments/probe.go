package segments

import (
	"fmt"
	"slices"
)

// Doors are what a pod that is not one of the cluster's tries: HOST/PORT each, as probe.sh takes them.
type Doors struct {
	// Clients is open to everybody. Where it is closed too, nothing is known of the others.
	Clients string
	// Closed are those that only the cluster's own pods may reach.
	Closed []string
}

// Arguments are those of probe.sh.
func (d Doors) Arguments() []string { return append([]string{d.Clients}, d.Closed...) }

// ParseProbe reads what probe.sh printed: those of the closed doors that are open, and whether the one of clients is.
func (d Doors) ParseProbe(out string) (open []string, clients bool, err error) {
	answers := map[string]bool{}
	err = parseLines(out, "the answers about open ports were", func(line string, words []string) error {
		if len(words) != 2 || words[0] != "open" && words[0] != "closed" {
			return fmt.Errorf("unknown answer %q", line)
		}
		answers[words[1]] = words[0] == "open"
		return nil
	})
	for _, door := range d.Arguments() {
		if _, answered := answers[door]; !answered && err == nil {
			err = fmt.Errorf("there is no answer about %s", door)
		}
	}
	open = slices.DeleteFunc(slices.Clone(d.Closed), func(door string) bool { return !answers[door] })
	return open, answers[d.Clients], err
}
