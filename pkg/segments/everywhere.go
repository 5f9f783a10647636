package segments

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Call is one of the calls of Everywhere: on a host, with arguments that have no spaces in them.
type Call struct {
	Host string
	Args []string
}

// Reply is what a call has printed, and its exit status.
type Reply struct {
	Out    string
	Status int
}

// Unreached reports whether ssh did not reach the host, or reached nobody there that it knows: no script of gpk's ends so.
func (r Reply) Unreached() bool { return r.Status == 255 }

// Everywhere runs a verb of a script on hosts, over ssh from the coordinator's pod. Every call gets the same standard input.
func Everywhere(script, verb string, calls []Call, stdin string) Command {
	return Script("everywhere.sh", script, verb).reading(callLines(calls) + stdin)
}

// EverywhereWithin is Everywhere, and bounds the calls: after so many whole seconds none begins or goes on.
func EverywhereWithin(limit time.Duration, script, verb string, calls []Call) Command {
	return Script("everywhere.sh", script, verb, strconv.Itoa(int(limit.Seconds()))).reading(callLines(calls))
}

// callLines are calls as the scripts read them.
func callLines(calls []Call) string {
	var b strings.Builder
	for _, call := range calls {
		fmt.Fprintln(&b, strings.Join(append([]string{call.Host}, call.Args...), " "))
	}
	return b.String() + "end\n"
}

// ParseEverywhere reads what everywhere.sh printed: a reply for each host that was called, or an error.
func ParseEverywhere(out string, calls []Call) (map[string]Reply, error) {
	said := map[string]*strings.Builder{}
	for _, call := range calls {
		said[call.Host] = &strings.Builder{}
	}
	replies := map[string]Reply{}
	complete := false
	for line := range strings.Lines(out) {
		line = strings.TrimSuffix(line, "\n")
		if line == "end" {
			complete = true
			continue
		}
		host, text, _ := strings.Cut(line, " ")
		if said[host] == nil {
			return nil, fmt.Errorf("unknown answer %q", line)
		}
		if status, found := strings.CutPrefix(text, "exit "); found {
			number, err := strconv.Atoi(status)
			if err != nil {
				return nil, fmt.Errorf("unknown exit status in %q", line)
			}
			replies[host] = Reply{said[host].String(), number}
			continue
		}
		said[host].WriteString(text + "\n")
	}
	for _, call := range calls {
		if _, found := replies[call.Host]; !found || !complete {
			return nil, fmt.Errorf("the answers of the hosts were cut off after %q", firstLine(out))
		}
	}
	return replies, nil
}
