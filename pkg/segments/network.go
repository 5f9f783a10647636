package segments

import (
	"fmt"
	"slices"
	"strings"

	"gpk/pkg/topology"
)

// sshPort is that of sshd_config.
const sshPort int32 = 22

// Link is a TCP connection that the database or its utilities need, from one host to a port of another.
type Link struct {
	From string `json:"from"`
	To   string `json:"to"`
	Port int32  `json:"port"`
}

// String names the pods, which are the first parts of their hosts' names.
func (l Link) String() string {
	return fmt.Sprintf("from pod %s to pod %s, port %d", PodOf(l.From), PodOf(l.To), l.Port)
}

// Links are the connections of a topology: the coordinator's and the standby's to every instance, every pod's to these two,
// and between the two copies of each content, both ways. And the standby's ssh to every host, from where utilities run after a
// failover; that of the coordinator is tried with its hosts. What belongs to the same content comes together.
func Links(t topology.Topology) []Link {
	var links []Link
	seen := map[Link]bool{}
	toPort := func(from, to string, port int32) {
		if link := (Link{from, to, port}); from != to && !seen[link] {
			seen[link] = true
			links = append(links, link)
		}
	}
	add := func(from string, to topology.Instance) { toPort(from, to.Host, to.Port) }
	heads := []topology.Instance{t.Coordinator()}
	standby, wanted := t.Standby()
	if wanted {
		heads = append(heads, standby)
	}
	withHeads := func(instance topology.Instance) {
		for _, head := range heads {
			add(head.Host, instance)
			add(instance.Host, head)
		}
		if wanted {
			toPort(standby.Host, instance.Host, sshPort)
		}
	}
	for _, head := range heads {
		withHeads(head)
	}
	mirrors := t.Segments(topology.Mirror)
	for i, primary := range t.Segments(topology.Primary) {
		withHeads(primary)
		if i < len(mirrors) {
			withHeads(mirrors[i])
			add(primary.Host, mirrors[i])
			add(mirrors[i].Host, primary)
		}
	}
	return links
}

// Batches cuts links, in their order, into parts with so many hosts at most, two or more. Since Links has those of a content
// together, a host other than the coordinator's and the standby's is in few of them.
func Batches(links []Link, most int) [][]Link {
	var batches [][]Link
	hosts := map[string]bool{}
	start := 0
	for i, link := range links {
		hosts[link.From], hosts[link.To] = true, true
		if len(hosts) > most {
			batches = append(batches, links[start:i])
			start = i
			hosts = map[string]bool{link.From: true, link.To: true}
		}
	}
	if start < len(links) {
		batches = append(batches, links[start:])
	}
	return batches
}

// TryHosts asks from the pod that it is run in whether every host answers ssh and is called by its name.
func TryHosts(hosts []string) Command {
	return Script("reach.sh").reading(strings.Join(hosts, "\n"))
}

// answers are what reach.sh printed, by host.
func answers(out string) map[string]string {
	found := map[string]string{}
	for line := range strings.Lines(out) {
		host, answer, _ := strings.Cut(strings.TrimSpace(line), " ")
		found[host] = answer
	}
	return found
}

// Unreachable reads what reach.sh printed for the hosts, and says of each that did not answer as it should why.
func Unreachable(out string, hosts []string) []string {
	var failed []string
	found := answers(out)
	for _, host := range hosts {
		switch answer, there := found[host]; {
		case !there:
			failed = append(failed, host+": no answer")
		case answer != "ok" && answer != "ok fresh":
			failed = append(failed, host+": "+answer)
		}
	}
	return failed
}

// Untried are the links to hosts that have no instance yet. Once there are instances, these show that the links work.
func Untried(out string, links []Link) []Link {
	found := answers(out)
	return slices.DeleteFunc(slices.Clone(links), func(l Link) bool { return found[l.To] != "ok fresh" })
}

// TryLinks tries connections, from the coordinator's pod. The hosts that are connected to listen meanwhile, as their sshd does
// already: they must have no instance.
func TryLinks(links []Link) Command {
	var b strings.Builder
	seen := map[string]bool{}
	for _, link := range links {
		if line := fmt.Sprintf("listen %s %d\n", link.To, link.Port); link.Port != sshPort && !seen[line] {
			seen[line] = true
			b.WriteString(line)
		}
		fmt.Fprintf(&b, "connect %s %s %d\n", link.From, link.To, link.Port)
	}
	return Script("ports.sh", "try").reading(b.String())
}

// ParseLinks reads what ports.sh printed for the links, and says of each that does not work why.
func ParseLinks(out string, links []Link) ([]string, error) {
	found := map[string]string{}
	var failed []string
	err := parseLines(out, "the answers about connections were", func(line string, _ []string) error {
		words := strings.SplitN(line, " ", 5)
		switch word := words[0]; {
		case word == "fault" && len(words) > 1:
			failed = append(failed, fmt.Sprintf("pod %s: %s", PodOf(words[1]), strings.Join(words[2:], " ")))
		case word == "ok" && len(words) == 4:
			found[strings.Join(words[1:4], " ")] = "ok"
		case word == "no" && len(words) == 5:
			found[strings.Join(words[1:4], " ")] = words[4]
		default:
			return fmt.Errorf("unknown answer %q about a connection", line)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	// What could not be tried because of a fault is no second one.
	for _, link := range links {
		switch answer := found[fmt.Sprintf("%s %s %d", link.From, link.To, link.Port)]; {
		case answer == "" && len(failed) == 0:
			failed = append(failed, link.String()+": no answer")
		case answer != "" && answer != "ok":
			failed = append(failed, link.String()+": "+answer)
		}
	}
	return failed, nil
}
