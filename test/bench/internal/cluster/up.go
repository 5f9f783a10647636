package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gpk/test/bench/internal/machine"
	"gpk/test/bench/internal/network"
	"gpk/test/bench/internal/pki"
	"gpk/test/bench/internal/servers"
)

// Parts is what was built or found for an instance to run.
type Parts struct {
	Servers string // the multi-call binary
	Pause   string // the tarball of the pause image
	Kwok    string // the simulator's binary; none where nothing is simulated
}

// Size is how many nodes a bench is to have; 0 is as many as there are.
type Size struct {
	Nodes     int // that run pods
	Simulated int // that pretend to
}

// MaxSimulated keeps a slip of the finger from drowning the host in nodes.
const MaxSimulated = 5000

// DefaultNodes is how many nodes a new bench has when nobody says.
const DefaultNodes = 2

// Up makes the bench whole: what runs is left alone, what doesn't is started.
func (i *Instance) Up(ctx context.Context, size Size, parts Parts, stage Stage) error {
	unlock, err := i.lock()
	if err != nil {
		return err
	}
	defer unlock()
	st, err := i.plan(ctx, size)
	if err != nil {
		return err
	}
	begin := time.Now()
	var started []string
	if err := stage("start machines", func() error {
		started, err = i.start(ctx, st, parts)
		return err
	}); err != nil {
		return err
	}
	return i.await(ctx, st, started, parts, begin, stage)
}

// Simulates says whether this instance has simulated nodes.
func (i *Instance) Simulates() bool {
	st, err := readState(i.stateFile())
	return err == nil && st.Simulated > 0
}

// plan reads the state, or begins one, and settles how many nodes there are to be.
func (i *Instance) plan(ctx context.Context, size Size) (*State, error) {
	if size.Nodes < 0 || size.Nodes > network.MaxNodes {
		return nil, fmt.Errorf("a bench has 1 to %d nodes, not %d", network.MaxNodes, size.Nodes)
	}
	if size.Simulated < 0 || size.Simulated > MaxSimulated {
		return nil, fmt.Errorf("a bench has up to %d simulated nodes, not %d", MaxSimulated, size.Simulated)
	}
	st, err := readState(i.stateFile())
	if errors.Is(err, errNoState) {
		st, err = i.begin(ctx)
	}
	if err != nil {
		return nil, err
	}
	if err := st.grow(size); err != nil {
		return nil, err
	}
	return st, st.write(i.stateFile())
}

// grow settles the numbers of nodes. Nodes only ever join: one that leaves would
// have to be drained.
func (st *State) grow(size Size) error {
	if size.Nodes == 0 {
		size.Nodes = max(st.Nodes, DefaultNodes)
	}
	if size.Simulated == 0 {
		size.Simulated = st.Simulated
	}
	if size.Nodes < st.Nodes {
		return fmt.Errorf("the bench has %d nodes; `make bench-down` first for one with %d", st.Nodes, size.Nodes)
	}
	if size.Simulated < st.Simulated {
		return fmt.Errorf("the bench has %d simulated nodes; `make bench-down` first for one with %d", st.Simulated, size.Simulated)
	}
	st.Nodes, st.Simulated = size.Nodes, size.Simulated
	return nil
}

func (i *Instance) begin(ctx context.Context) (*State, error) {
	// Of an instance whose state someone deleted, nothing may be left that a new one would stumble over.
	if err := i.clear(ctx); err != nil {
		return nil, err
	}
	taken, err := network.Taken(ctx)
	if err != nil {
		return nil, err
	}
	layout, err := network.Choose(taken, i.seed())
	if err != nil {
		return nil, err
	}
	boot, err := bootID()
	return &State{Boot: boot, Network: layout, Machines: map[string]machine.Process{}}, err
}

func (i *Instance) start(ctx context.Context, st *State, parts Parts) ([]string, error) {
	if err := i.placeBinary(ctx, parts.Servers, servers.Binary); err != nil {
		return nil, err
	}
	if st.Simulated > 0 {
		if err := i.placeBinary(ctx, parts.Kwok, servers.KwokBinary); err != nil {
			return nil, err
		}
		if _, before := st.Machines[servers.Simulator]; !before {
			// The controllers are to be more patient with nodes from now on.
			if err := i.killMachine(st, servers.Control); err != nil {
				return nil, err
			}
		}
	}
	ca, err := pki.Open(servers.PKIDir(i.run()))
	if err != nil {
		return nil, err
	}
	if err := servers.AdminKubeconfig(i.setup(st), ca, i.Kubeconfig()); err != nil {
		return nil, err
	}
	started, err := i.startMachines(ctx, st, ca)
	if err != nil {
		return nil, err
	}
	return started, i.plugIn(ctx, st)
}
