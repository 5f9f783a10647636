package segments

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"gpk/pkg/topology"
)

// Marker is how far a pod's volume knows the initialisation of its instances to be.
type Marker string

// The markers, as instances.sh prints them.
const (
	NotInitialised Marker = "none"
	Initialising   Marker = "initialising"
	Initialised    Marker = "initialised"
)

// The states of an instance, as gpk's scripts print them: no data directory, no process, a process.
const (
	Absent  = "absent"
	Stopped = "stopped"
	Running = "running"
)

// PodFacts is what a pod's volume and processes say of its instances.
type PodFacts struct {
	Marker Marker
	// Instances are Absent, Stopped or Running, by data directory.
	Instances map[string]string
}

// Present reports whether any of the instances' directories exists.
func (f PodFacts) Present() bool {
	for _, state := range f.Instances {
		if state != Absent {
			return true
		}
	}
	return false
}

// Instances calls a verb of instances.sh for data directories: facts, prepare, clear, finish or stop.
func Instances(verb string, dirs ...string) Command {
	return Script("instances.sh", append([]string{verb}, dirs...)...)
}

// AskReady runs a pod's readiness probe, which says why it fails.
func AskReady() Command { return Script("ready.sh") }

// AskCoordinator asks a coordinator's pod for its facts and, if its instance acts, for the catalogue. Its exit status is psql's.
func AskCoordinator() Command {
	return Instances("coordinator", topology.CoordinatorDir).reading(CatalogueSQL)
}

// ParseCoordinator reads the answer of AskCoordinator: the facts, and what psql printed.
func ParseCoordinator(out string) (facts PodFacts, answer string, err error) {
	const end = "\nend\n"
	lines, answer, complete := strings.Cut(out, end)
	if complete {
		lines += end
	}
	if facts, err = ParsePodFacts(lines); err != nil {
		return PodFacts{}, "", err
	}
	return facts, answer, nil
}

// ParsePodFacts reads what `instances.sh facts` printed.
func ParsePodFacts(out string) (PodFacts, error) {
	facts := PodFacts{Instances: map[string]string{}}
	err := parseLines(out, "the facts were", func(line string, words []string) error {
		switch {
		case len(words) == 2 && words[0] == "marker":
			facts.Marker = Marker(words[1])
		case len(words) == 3 && words[0] == "instance":
			facts.Instances[words[1]] = words[2]
		default:
			return fmt.Errorf("unknown fact %q", line)
		}
		return nil
	})
	return whole(facts, err)
}

// Why asks a pod what its logs say has gone wrong lately.
func Why() Command { return Script("why.sh") }

// ParseWhy gives the lines of Why's answer.
func ParseWhy(out string) []string {
	var lines []string
	for line := range strings.Lines(out) {
		if line = strings.TrimSpace(line); line != "" && line != "end" {
			lines = append(lines, line)
		}
	}
	return lines
}

// Logs prints the ends of the logs of a pod's instances: so many lines of each, all for -1, not older than since, unless it
// is 0. Following, it goes on until its standard input ends. LogLine reads what it prints.
func Logs(lines int64, since time.Duration, follow bool) Command {
	mode := "end"
	if follow {
		mode = "follow"
	}
	return Script("logs.sh", strconv.FormatInt(lines, 10), strconv.FormatInt(int64(since.Seconds()), 10), mode)
}

// LogLine is the name of the instance that a line is of, such as gpseg0, and its text.
func LogLine(line string) (instance, text string) {
	instance, text, found := strings.Cut(line, "\t")
	if !found {
		return "", line
	}
	return instance, text
}
