package segments

import (
	"fmt"
	"strconv"
	"strings"
)

// Health is what the acting coordinator's pod sees of a host.
type Health struct {
	// Silent: ssh did not reach it within four seconds. The rest is then unknown, but for Closed.
	Silent bool
	// Size and Available are those of the pod's volume, in bytes.
	Size, Available int64
	// Log is the size of each instance's write-ahead log in bytes, by data directory.
	Log map[string]int64
	// Closed are the ports on which no server answers the coordinator's pod.
	Closed []string
}

// AskHealth asks for the health of hosts. A call's arguments are the ports on which servers must answer.
func AskHealth(calls []Call) Command {
	return Script("health.sh", "look").reading(callLines(calls))
}

// ParseHealth reads what `health.sh look` printed, by host.
func ParseHealth(out string, calls []Call) (map[string]Health, error) {
	found := map[string]Health{}
	err := parseLines(out, "the hosts' health was", func(line string, words []string) error {
		if len(words) < 2 {
			return fmt.Errorf("unknown line %q", line)
		}
		h, err := found[words[0]].with(words[1:])
		if err != nil {
			return fmt.Errorf("unknown line %q", line)
		}
		found[words[0]] = h
		return nil
	})
	for _, call := range calls {
		if _, said := found[call.Host]; !said && err == nil {
			err = fmt.Errorf("the answer lacks host %s", call.Host)
		}
	}
	return found, err
}

func (h Health) with(words []string) (Health, error) {
	number := func(i int) (n int64, err error) { return strconv.ParseInt(words[i], 10, 64) }
	var err error
	switch {
	case words[0] == "silent" && len(words) == 1:
		h.Silent = true
	case words[0] == "unknown" && len(words) == 1:
	case words[0] == "disk" && len(words) == 3:
		if h.Size, err = number(1); err == nil {
			h.Available, err = number(2)
		}
	case words[0] == "log" && len(words) == 3:
		if h.Log == nil {
			h.Log = map[string]int64{}
		}
		h.Log[words[1]], err = number(2)
	case words[0] == "closed" && len(words) == 2:
		h.Closed = append(h.Closed, words[1])
	default:
		err = fmt.Errorf("unknown words %q", strings.Join(words, " "))
	}
	return h, err
}
