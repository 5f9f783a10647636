package segments

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"gpk/pkg/topology"
)

// Following is how far a standby has followed the coordinator, as its own pod knows.
type Following struct {
	// Instance is Absent, Stopped or Running.
	Instance string
	// Follows reports whether the instance is a standby.
	Follows bool
	// Received is the last record of the write-ahead log that the instance has, such as 0/C067458. Empty: it cannot be read.
	Received string
	// Streamed is when the instance was last seen to have all that the coordinator has acknowledged: it streamed, and the coordinator had
	// called it caught up. Looked at every second.
	Streamed time.Time
	// Heard is when the coordinator's machine was last heard of over the connection by which the instance streams. Zero: the pod's scripts
	// are too old to tell.
	Heard time.Time
	// Now is when it answered, by the same clock as Streamed: that of its node. Zero: the pod's scripts are too old to tell.
	Now time.Time
}

// AskStandby asks a standby's pod how far it has followed.
func AskStandby() Command { return Script("coordinator.sh", "following") }

// ParseFollowing reads the answer of AskStandby.
func ParseFollowing(out string) (Following, error) {
	const asked = "how far the standby has followed"
	var f Following
	err := parseLines(out, asked+" was", func(line string, _ []string) (err error) {
		switch word, rest, _ := strings.Cut(line, " "); word {
		case "instance":
			f.Instance = rest
		case "follows":
			f.Follows = rest == "yes"
		case "received":
			f.Received = rest
		case "streamed":
			f.Streamed, err = seconds(rest)
		case "heard":
			f.Heard, err = seconds(rest)
		case "now":
			f.Now, err = seconds(rest)
		}
		if err != nil {
			return fmt.Errorf("cannot read %s from %q: %w", asked, line, err)
		}
		return nil
	})
	return whole(f, err)
}

// CountHosts asks a pod how many of the cluster's hosts it reaches.
func CountHosts() Command { return Script("hosts.sh", "count") }

// ParseHosts reads the answer of CountHosts: how many hosts the pod reached, itself among them, and how many it tried. Of many
// hosts some stand for all.
func ParseHosts(out string) (reached, tried int, err error) {
	if _, err := fmt.Sscan(out, &reached, &tried); err != nil {
		return 0, 0, fmt.Errorf("cannot read the count of hosts from %q: %w", firstLine(out), err)
	}
	return reached, tried, nil
}

// Ahead is what a coordinator has committed beyond a record that its standby has.
type Ahead struct {
	// Instance is Absent, Stopped or Running.
	Instance string
	// Commits are the times of the commits.
	Commits []time.Time
	// Unreadable is set if the log does not reach back to that record any more, so that nothing is known.
	Unreadable bool
}

// AskAhead asks a coordinator's pod, whether its instance runs or not, what it has committed beyond a record.
func AskAhead(received string) Command { return Script("coordinator.sh", "missing", received) }

// ParseAhead reads the answer of AskAhead.
func ParseAhead(out string) (Ahead, error) {
	var a Ahead
	err := parseLines(out, "the coordinator's commits were", func(line string, words []string) error {
		switch {
		case len(words) == 2 && words[0] == "instance":
			a.Instance = words[1]
		case len(words) == 3 && words[0] == "commit":
			made, err := seconds(words[2])
			if err != nil {
				return fmt.Errorf("cannot read a commit from %q: %w", line, err)
			}
			a.Commits = append(a.Commits, made)
		case len(words) == 1 && words[0] == "unreadable":
			a.Unreadable = true
		}
		return nil
	})
	return whole(a, err)
}

func seconds(text string) (time.Time, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	return time.Unix(n, 0), err
}

// StartStandby starts the standby's instance of a pod, if there is one that does not run.
func StartStandby() Command { return Script("coordinator.sh", "follow") }

// HaltCoordinator stops the coordinator's instance of a pod, if it runs, fast or immediate. The term, if there is one, is Learn's.
func HaltCoordinator(mode, term string) Command { return Script("coordinator.sh", "halt", mode, term) }

// Learn lets a coordinator's pod know that there is a decision of a term, before the decision itself has come into the pod.
func Learn(term string) Command { return Script("coordinator.sh", "term", term) }

// AskTerm asks a coordinator's pod for the latest term that it knows of.
func AskTerm() Command { return Script("coordinator.sh", "latest") }

// ParseTerm reads the answer of AskTerm. 0: the pod knows of none.
func ParseTerm(out string) int64 {
	term, _ := strconv.ParseInt(strings.TrimSpace(out), 10, 64)
	return term
}

// MoveCoordinatorAside puts the data of the coordinator's instance of a pod, which must not run, out of the way.
func MoveCoordinatorAside() Command { return Script("coordinator.sh", "aside") }

// AskTimelines asks the acting coordinator's pod where each timeline of its instance ended.
func AskTimelines() Command { return Script("coordinator.sh", "timelines") }

// ParseTimelines reads the answer of AskTimelines, for DiscardAside.
func ParseTimelines(out string) (timelines []string, err error) {
	err = parseLines(out, "the coordinator's timelines were", func(line string, _ []string) error {
		timelines = append(timelines, line)
		return nil
	})
	return whole(timelines, err)
}

// DiscardAside removes what was moved aside: all of it or, with the acting coordinator's timelines, what has no commit that this one lacks.
func DiscardAside(timelines ...string) Command {
	return Script("coordinator.sh", append([]string{"discard"}, timelines...)...)
}

// AskAside asks a coordinator's pod what was moved aside there and kept.
func AskAside() Command { return Script("coordinator.sh", "asides") }

// Aside is a copy of a coordinator's data that was moved aside and kept.
type Aside struct {
	Dir string
	// Commits is how many commits it has that the acting coordinator lacks, or unknown.
	Commits string
}

// ParseAside reads the answer of DiscardAside or AskAside.
func ParseAside(out string) (kept []Aside, err error) {
	err = parseLines(out, "the list of kept data was", func(_ string, words []string) error {
		if len(words) == 3 && words[0] == "kept" {
			kept = append(kept, Aside{words[1], words[2]})
		}
		return nil
	})
	return whole(kept, err)
}

// Over runs a command of another host over ssh, at the address that the pod noted while all was well: a pod that was deleted may run
// where its successor's name does not lead. It takes no standard input.
func Over(host string, command Command) Command {
	return Script("hosts.sh", append([]string{"over", host}, command.Argv...)...)
}

// OverByName is Over for a pod whose scripts are those of an earlier gpk: it goes where the DNS leads.
func OverByName(host string, command Command) Command {
	return Run(append([]string{"ssh", "-n", "-o", "BatchMode=yes", "-o", "ConnectTimeout=5", "-o", "ControlPath=none", host},
		command.Argv...)...)
}

// ActivateStandby makes the standby of the pod that it is run in the coordinator. It refuses while the socket's files of the
// old one are there (gpactivatestandby, exit status 2).
func ActivateStandby() Utility {
	return Utility{Argv: []string{"gpactivatestandby", "-a", "-f", "-d", topology.CoordinatorDir}}
}

// InitStandby makes the standby on an instance's host, onto an empty directory. It is run on the acting coordinator.
func InitStandby(standby topology.Instance) Utility {
	return Utility{Argv: []string{"gpinitstandby", "-a", "-s", standby.Host, "-P", fmt.Sprint(standby.Port),
		"-S", standby.Dir}}
}

// RemoveStandby takes a standby out of the catalogue. It is run on the acting coordinator.
func RemoveStandby() Utility { return Utility{Argv: []string{"gpinitstandby", "-a", "-r"}} }
