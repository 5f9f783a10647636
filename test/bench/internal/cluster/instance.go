// Package cluster is one instance of the bench as a whole: what machines it
// has, how they are wired, and the order in which they come and go.
package cluster

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"time"

	"gpk/test/bench/internal/machine"
	"gpk/test/bench/internal/network"
	"gpk/test/bench/internal/servers"
)

// Instance is a bench whose state is all in one folder. What it makes outside
// that folder, one network link and its control groups, has names that follow
// from the folder's: they are found again without any record.
type Instance struct {
	dir    string
	id     string
	groups *machine.Groups
}

// Open names the instance of a folder; the folder need not exist.
func Open(dir string) (*Instance, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find the bench's folder: %w", err)
	}
	if target, err := filepath.EvalSymlinks(dir); err == nil {
		dir = target // by whichever way it is reached, it is one instance
	}
	sum := sha256.Sum256([]byte(dir))
	id := hex.EncodeToString(sum[:4])
	groups, err := machine.OpenGroups("/sys/fs/cgroup", "gpk-bench-"+id)
	if err != nil {
		return nil, err
	}
	return &Instance{dir: dir, id: id, groups: groups}, nil
}

// Dir is the folder of the instance's state.
func (i *Instance) Dir() string { return i.dir }

// ID is in the names of all that the instance makes outside its folder.
func (i *Instance) ID() string { return i.id }

// Kubeconfig is the administrator's, there while the bench is.
func (i *Instance) Kubeconfig() string { return filepath.Join(i.dir, "kubeconfig") }

func (i *Instance) run() string       { return filepath.Join(i.dir, "run") }
func (i *Instance) stateFile() string { return filepath.Join(i.run(), "state.json") }

// link is the host's end of the bench's network. Link names have 15 characters at most.
func (i *Instance) link() string { return "gpk-" + i.id }

// seed spreads instances over the blocks of addresses.
func (i *Instance) seed() uint32 {
	sum := sha256.Sum256([]byte(i.dir))
	return binary.BigEndian.Uint32(sum[:4])
}

func (i *Instance) setup(st *State) servers.Setup {
	return servers.Setup{Run: i.run(), CgroupRoot: i.groups.Path(""), Network: st.Network, Simulated: st.Simulated > 0}
}

// switchName is the machine that is the network: it holds the bridge that all
// others are wired to. The bridge is not on the host, where filters that the
// host has for its own traffic would see the bench's.
const switchName = "switch"

// machines are the names of all machines, in the order they are started.
func (st *State) machines() []string {
	names := []string{switchName, servers.Control}
	if st.Simulated > 0 {
		names = append(names, servers.Simulator)
	}
	return append(names, nodeNames(st.Nodes)...)
}

// address is a machine's on the bench's network; the switch has none.
func (st *State) address(name string) netip.Addr {
	switch name {
	case switchName:
		return netip.Addr{}
	case servers.Control:
		return st.Network.Control()
	case servers.Simulator:
		return st.Network.Simulator()
	}
	return st.Network.Node(nodeNumber(name))
}

// nodeNumber is the number of the node of that name, counted from 1; 0 if no node has it.
func nodeNumber(name string) int {
	return slices.Index(nodeNames(network.MaxNodes), name) + 1
}

func nodeNames(nodes int) []string {
	var names []string
	for n := range nodes {
		names = append(names, servers.Node(n+1))
	}
	return names
}

// Stage runs one named part of the work and tells how long it took.
type Stage func(title string, work func() error) error

// patience is for what ends in milliseconds unless something is wrong with the host.
const patience = 10 * time.Second

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
