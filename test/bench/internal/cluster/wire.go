package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"gpk/test/bench/internal/network"
)

// hostWires connects the host to a new switch, and leads it to pods. To Services
// it is led once it is known which nodes are there.
func hostWires(link string, switchPID int, l network.Layout) []string {
	return append([]string{
		fmt.Sprintf("link add name %s type veth peer name host netns %d", link, switchPID),
		fmt.Sprintf("address add %s/24 dev %s", l.Host(), link),
		fmt.Sprintf("link set dev %s up", link),
	}, podRoutes(l, 0)...)
}

// switchWires makes the bridge inside the switch.
func switchWires() []string {
	return []string{
		"link set dev lo up",
		"link add name bench type bridge",
		"link set dev bench up",
		"link set dev host master bench up",
	}
}

// plug connects a new machine to the switch; it is run inside the switch. A
// machine that is started again has the hardware address it had: others would
// send to the old one for up to a minute.
func plug(name string, address netip.Addr, pid int) []string {
	a := address.As4()
	return []string{
		fmt.Sprintf("link add name %s type veth peer name eth0 address 02:00:%02x:%02x:%02x:%02x netns %d", name, a[0], a[1], a[2], a[3], pid),
		fmt.Sprintf("link set dev %s master bench up", name),
	}
}

// machineWires gives a machine its address and its routes; it is run inside it.
// own is the number of the node it is, 0 for none.
func machineWires(address netip.Addr, l network.Layout, own int) []string {
	return append([]string{
		"link set dev lo up",
		fmt.Sprintf("address add %s/24 dev eth0", address),
		"link set dev eth0 up",
		// Rewritten to an endpoint before it leaves, but only what has a route is.
		fmt.Sprintf("route add %s dev eth0", l.Services()),
	}, podRoutes(l, own)...)
}

// podRoutes leads to the pods of every node there may be, except one's own.
func podRoutes(l network.Layout, own int) []string {
	var routes []string
	for n := 1; n <= network.MaxNodes; n++ {
		if n != own {
			routes = append(routes, fmt.Sprintf("route add %s via %s", l.NodePods(n), l.Node(n)))
		}
	}
	return routes
}

// routeServices leads the host to Services through the first node that it
// reaches: that node's kube-proxy knows them.
func (i *Instance) routeServices(ctx context.Context, st *State) error {
	unplugged, err := i.unplugged(ctx, st)
	if err != nil {
		return err
	}
	for _, name := range nodeNames(st.Nodes) {
		if st.Machines[name].Works() && !slices.Contains(unplugged, name) {
			return ip(ctx, []string{fmt.Sprintf("route replace %s via %s", st.Network.Services(), st.address(name))})
		}
	}
	return nil // through whom it may: nobody answers
}

// setPort sets a machine's port at the switch up or down. The machine's own end
// keeps its address and routes, as with a cable that is pulled out.
func setPort(ctx context.Context, st *State, name, state string) error {
	return ipIn(ctx, st.Machines[switchName].PID, []string{fmt.Sprintf("link set dev %s %s", name, state)})
}

// plugIn heals whatever is partitioned, and the host's way to Services.
func (i *Instance) plugIn(ctx context.Context, st *State) error {
	unplugged, err := i.unplugged(ctx, st)
	if err != nil {
		return err
	}
	for _, name := range unplugged {
		if err := setPort(ctx, st, name, "up"); err != nil {
			return err
		}
	}
	return i.routeServices(ctx, st)
}

// unplugged asks the switch which machines are partitioned; none without a switch.
func (i *Instance) unplugged(ctx context.Context, st *State) ([]string, error) {
	at := st.Machines[switchName]
	if !at.Works() {
		return nil, nil
	}
	out, err := exec.CommandContext(ctx, "nsenter", "--target", strconv.Itoa(at.PID), "--net", "ip", "-json", "link", "show").Output()
	if err != nil {
		return nil, fmt.Errorf("ask the switch for its ports: %w", err)
	}
	down, err := downPorts(out)
	return slices.DeleteFunc(down, func(name string) bool { return !slices.Contains(st.machines(), name) }), err
}

// downPorts reads the names of the links that are set down from ip(8)'s JSON.
func downPorts(links []byte) ([]string, error) {
	var ports []struct {
		Name  string   `json:"ifname"`
		Flags []string `json:"flags"`
	}
	if err := json.Unmarshal(links, &ports); err != nil {
		return nil, fmt.Errorf("read the switch's ports: %w", err)
	}
	var down []string
	for _, p := range ports {
		if !slices.Contains(p.Flags, "UP") {
			down = append(down, p.Name)
		}
	}
	return down, nil
}

// ip runs commands of ip(8) on the host.
func ip(ctx context.Context, commands []string) error {
	return batch(exec.CommandContext(ctx, "ip", "-batch", "-"), commands)
}

// ipIn runs commands of ip(8) in the network namespace of a process.
func ipIn(ctx context.Context, pid int, commands []string) error {
	return batch(exec.CommandContext(ctx, "nsenter", "--target", strconv.Itoa(pid), "--net", "ip", "-batch", "-"), commands)
}

func batch(cmd *exec.Cmd, commands []string) error {
	cmd.Stdin = strings.NewReader(strings.Join(commands, "\n") + "\n")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("wire the network: %w: %s", err, strings.TrimSpace(string(said)))
	}
	return nil
}

// removeLink removes a link and, with it, its other end; none is as good.
func removeLink(ctx context.Context, link string) error {
	if !exists("/sys/class/net/" + link) {
		return nil
	}
	said, err := exec.CommandContext(ctx, "ip", "link", "delete", "dev", link).CombinedOutput()
	if err != nil && exists("/sys/class/net/"+link) {
		return fmt.Errorf("remove network link %s: %w: %s", link, err, strings.TrimSpace(string(said)))
	}
	return nil
}
