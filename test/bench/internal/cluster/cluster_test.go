package cluster

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gpk/test/bench/internal/machine"
	"gpk/test/bench/internal/network"
)

var layout = network.Layout{Block: netip.MustParsePrefix("10.200.0.0/16")}

func TestStateSurvives(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run", "state.json")
	if _, err := readState(path); !errors.Is(err, errNoState) {
		t.Fatalf("no state: %v", err)
	}
	boot, err := bootID()
	if err != nil {
		t.Fatal(err)
	}
	want := &State{
		Boot: boot, Network: layout, Nodes: 3,
		Machines: map[string]machine.Process{"node1": {PID: 4711, Start: 1234567890123}},
	}
	if err := want.write(path); err != nil {
		t.Fatal(err)
	}
	got, err := readState(path)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, %v; want %+v", got, err, want)
	}
}

func TestProcessesOfAnEarlierBootAreForgotten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	old := &State{Boot: "another", Network: layout, Nodes: 2, Machines: map[string]machine.Process{"node1": {PID: 1, Start: 1}}}
	if err := old.write(path); err != nil {
		t.Fatal(err)
	}
	got, err := readState(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Machines) != 0 || got.Nodes != 2 || got.Network != layout {
		t.Errorf("read %+v: want the plan without the processes", got)
	}
}

func TestBrokenStateSaysWhatToDo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	if err := os.WriteFile(path, []byte(`{"nodes": 2,`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readState(path); err == nil || !strings.Contains(err.Error(), "bench-down") {
		t.Errorf("a broken state: %v", err)
	}
}

func TestInstancesDontClash(t *testing.T) {
	a := &Instance{dir: "/a/.bench", id: "0a1b2c3d"}
	if len(a.link()) > 15 {
		t.Errorf("the kernel takes no link name of %d characters: %s", len(a.link()), a.link())
	}
	b := &Instance{dir: "/b/.bench"}
	if a.seed() == b.seed() {
		t.Error("two instances begin to look for addresses at the same place")
	}
}

func TestMachines(t *testing.T) {
	st := &State{Network: layout, Nodes: 2}
	want := []string{"switch", "control", "node1", "node2"}
	if got := st.machines(); !slices.Equal(got, want) {
		t.Errorf("machines %v, want %v", got, want)
	}
	if got := newNodes(want); !slices.Equal(got, want[2:]) {
		t.Errorf("nodes among them %v", got)
	}
	st.Simulated = 1
	want = []string{"switch", "control", "simulator", "node1", "node2"}
	if got := st.machines(); !slices.Equal(got, want) {
		t.Errorf("machines %v, want %v", got, want)
	}
	for name, want := range map[string]string{
		"switch": "invalid IP", "control": "10.200.0.2", "simulator": "10.200.0.3", "node1": "10.200.0.11", "node8": "10.200.0.18",
	} {
		if got := st.address(name); got.String() != want {
			t.Errorf("%s is at %s, want %s", name, got, want)
		}
	}
}

func TestNodeNumber(t *testing.T) {
	for name, want := range map[string]int{"node1": 1, "node8": 8, "node9": 0, "node": 0, "control": 0} {
		if got := nodeNumber(name); got != want {
			t.Errorf("%s is node %d, want %d", name, got, want)
		}
	}
}

func TestGrow(t *testing.T) {
	tests := []struct {
		name     string
		is, asks Size
		want     Size // none for a refusal
	}{
		{"a new one", Size{}, Size{}, Size{2, 0}},
		{"as it is", Size{3, 10}, Size{}, Size{3, 10}},
		{"more", Size{2, 0}, Size{3, 10}, Size{3, 10}},
		{"fewer", Size{3, 0}, Size{2, 0}, Size{}},
		{"fewer simulated", Size{3, 10}, Size{3, 9}, Size{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			st := &State{Nodes: tt.is.Nodes, Simulated: tt.is.Simulated}
			err := st.grow(tt.asks)
			if tt.want == (Size{}) {
				if err == nil || !strings.Contains(err.Error(), "bench-down") {
					t.Errorf("refused with %v, want a word on what to do", err)
				}
				return
			}
			if got := (Size{st.Nodes, st.Simulated}); err != nil || got != tt.want {
				t.Errorf("grew to %v, %v; want %v", got, err, tt.want)
			}
		})
	}
}

func TestDownPorts(t *testing.T) {
	got, err := downPorts([]byte(`[
		{"ifname": "bench", "flags": ["BROADCAST", "MULTICAST", "UP", "LOWER_UP"]},
		{"ifname": "node1", "flags": ["BROADCAST", "MULTICAST"]},
		{"ifname": "node2", "flags": ["NO-CARRIER", "BROADCAST", "UP"]}]`))
	if err != nil || !slices.Equal(got, []string{"node1"}) {
		t.Errorf("down are %v, %v; want node1", got, err)
	}
	if _, err := downPorts([]byte("Device does not exist")); err == nil {
		t.Error("what is no JSON is read")
	}
}

func TestEveryMachineHasARouteToAllPodsButItsOwn(t *testing.T) {
	for own := 0; own <= network.MaxNodes; own++ {
		wires := strings.Join(machineWires(layout.Node(1), layout, own), "\n")
		for n := 1; n <= network.MaxNodes; n++ {
			route := "route add " + layout.NodePods(n).String() + " via " + layout.Node(n).String()
			if has := strings.Contains(wires+"\n", route+"\n"); has == (n == own) {
				t.Errorf("machine %d, pods of node %d: routed is %v", own, n, has)
			}
		}
	}
}

func TestHostWires(t *testing.T) {
	wires := hostWires("gpk-0a1b2c3d", 4711, layout)
	want := []string{
		"link add name gpk-0a1b2c3d type veth peer name host netns 4711",
		"address add 10.200.0.1/24 dev gpk-0a1b2c3d",
		"link set dev gpk-0a1b2c3d up",
		"route add 10.200.65.0/24 via 10.200.0.11",
	}
	if !slices.Equal(wires[:len(want)], want) {
		t.Errorf("wires\n%s\nwant\n%s", strings.Join(wires, "\n"), strings.Join(want, "\n"))
	}
}

func TestMountPoint(t *testing.T) {
	tests := []struct {
		line, want string
		ok         bool
	}{
		{"36 35 98:0 /mnt1 /mnt/a\\040b rw,noatime master:1 - ext3 /dev/root rw", "/mnt/a b", true},
		{"36 35 98:0 / /mnt2 rw - tmpfs tmpfs rw", "/mnt2", true},
		{"36 35 98:0", "", false},
	}
	for _, tt := range tests {
		if got, ok := mountPoint(tt.line); got != tt.want || ok != tt.ok {
			t.Errorf("%q: %q, %v; want %q, %v", tt.line, got, ok, tt.want, tt.ok)
		}
	}
}

func TestPlanRefusesImpossibleNumbers(t *testing.T) {
	i := &Instance{dir: t.TempDir()}
	for _, size := range []Size{{Nodes: -1}, {Nodes: network.MaxNodes + 1}, {Simulated: -1}, {Simulated: MaxSimulated + 1}} {
		if _, err := i.plan(t.Context(), size); err == nil {
			t.Errorf("%+v is planned", size)
		}
	}
}

func TestPlanIsRemembered(t *testing.T) {
	i := &Instance{dir: t.TempDir()}
	boot, err := bootID()
	if err != nil {
		t.Fatal(err)
	}
	if err := (&State{Boot: boot, Network: layout, Nodes: 3}).write(i.stateFile()); err != nil {
		t.Fatal(err)
	}
	if _, err := i.plan(t.Context(), Size{Nodes: 2}); err == nil || !strings.Contains(err.Error(), "bench-down") {
		t.Errorf("fewer nodes than there are: %v", err)
	}
	for _, size := range []Size{{}, {Nodes: 4, Simulated: 5}} {
		if _, err := i.plan(t.Context(), size); err != nil {
			t.Fatal(err)
		}
	}
	if st, err := readState(i.stateFile()); err != nil || st.Nodes != 4 || st.Simulated != 5 || !i.Simulates() {
		t.Errorf("remembered %+v, %v; want 4 nodes and 5 simulated ones", st, err)
	}
}

func TestMachinesKeepTheirHardwareAddress(t *testing.T) {
	node1, node2 := plug("node1", layout.Node(1), 4711), plug("node2", layout.Node(2), 4711)
	want := "link add name node1 type veth peer name eth0 address 02:00:0a:c8:00:0b netns 4711"
	if node1[0] != want {
		t.Errorf("got %q, want %q", node1[0], want)
	}
	if strings.ReplaceAll(node2[0], "node2", "node1") == node1[0] {
		t.Error("two machines have the same")
	}
}
