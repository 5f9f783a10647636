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

func TestMachineNames(t *testing.T) {
	want := []string{"switch", "control", "node1", "node2"}
	if got := machineNames(2); !slices.Equal(got, want) {
		t.Errorf("machines %v, want %v", got, want)
	}
	if got := newNodes(want); !slices.Equal(got, want[2:]) {
		t.Errorf("nodes among them %v", got)
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
		"route add 10.200.128.0/18 via 10.200.0.11",
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
	for _, nodes := range []int{-1, network.MaxNodes + 1} {
		if _, err := i.plan(t.Context(), nodes); err == nil {
			t.Errorf("%d nodes are planned", nodes)
		}
	}
	boot, err := bootID()
	if err != nil {
		t.Fatal(err)
	}
	if err := (&State{Boot: boot, Network: layout, Nodes: 3}).write(i.stateFile()); err != nil {
		t.Fatal(err)
	}
	if _, err := i.plan(t.Context(), 2); err == nil || !strings.Contains(err.Error(), "bench-down") {
		t.Errorf("fewer nodes than there are: %v", err)
	}
	for asked, want := range map[int]int{0: 3, 3: 3, 4: 4} {
		st, err := i.plan(t.Context(), asked)
		if err != nil || st.Nodes != want {
			t.Errorf("%d nodes asked, 3 there: %+v, %v; want %d", asked, st, err, want)
		}
		if err := (&State{Boot: boot, Network: layout, Nodes: 3}).write(i.stateFile()); err != nil {
			t.Fatal(err)
		}
	}
}
