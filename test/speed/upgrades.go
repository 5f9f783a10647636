package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"gpk/test/kube"
)

// upgrades measures, in turns, for how long the database is down when gpk gives a cluster another image, and when the
// administrator's script does. Each cluster is given the other image and then the first one again, which is the same work.
func (m *measure) upgrades() ([]row, error) {
	if m.next == "" {
		return nil, errors.New("-next is not given: the image of another release with the same catalogue version")
	}
	ours, byHand, err := m.inTurns(m.upgradeWithGpk, m.upgradeByHand)
	if err != nil {
		return nil, err
	}
	what := fmt.Sprintf("upgrade of %[1]d + %[1]d + standby, the time down", primaries)
	return []row{{what: what, ours: ours, unit: "s", against: "by hand", theirs: byHand, wanted: bound{value: 1.1}}}, nil
}

// upgradeWithGpk takes the cluster to the other image and back, and gives the times that gpk tells: from before gpstop until all
// primaries have answered a query.
func (m *measure) upgradeWithGpk(n *kube.Namespace) ([]float64, error) {
	file, err := m.file(n)
	if err != nil {
		return nil, err
	}
	if _, err := m.output(m.gpk, "create", "-f", file); err != nil {
		return nil, err
	}
	_, version, _ := strings.Cut(m.next[strings.LastIndex(m.next, "/")+1:], ":")
	var all []float64
	for _, args := range [][]string{{"--version", version, "--image", m.next}, {"--rollback"}} {
		out, err := m.output(m.gpk, append([]string{"upgrade", "-n", n.Name, "-o", "json"}, args...)...)
		if err != nil {
			return nil, err
		}
		var answer struct{ DowntimeSeconds float64 }
		if err := json.Unmarshal([]byte(out), &answer); err != nil || answer.DowntimeSeconds <= 0 {
			return nil, fmt.Errorf("gpk upgrade tells no downtime: %w\n%s", err, out)
		}
		m.say("down with gpk: %.1f s", answer.DowntimeSeconds)
		all = append(all, answer.DowntimeSeconds)
	}
	return all, nil
}

func (m *measure) upgradeByHand(n *kube.Namespace) ([]float64, error) {
	if _, err := m.output(m.script, n.Name, m.image, fmt.Sprint(primaries)); err != nil {
		return nil, err
	}
	var all []float64
	for _, image := range []string{m.next, m.image} {
		out, err := m.byHand("upgrade.sh", n.Name, image)
		if err != nil {
			return nil, err
		}
		lines := strings.Split(strings.TrimSpace(out), "\n")
		if len(lines) < 2 || lines[len(lines)-2] != fmt.Sprint(primaries) {
			return nil, fmt.Errorf("the database does not answer:\n%s", out)
		}
		seconds, err := strconv.ParseFloat(lines[len(lines)-1], 64)
		if err != nil {
			return nil, fmt.Errorf("upgrade.sh tells no downtime: %w", err)
		}
		m.say("down by hand: %.1f s", seconds)
		all = append(all, seconds)
	}
	return all, nil
}
