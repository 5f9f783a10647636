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
}

// DefaultNodes is how many nodes a new bench has when nobody says.
const DefaultNodes = 2

// Up makes the bench whole: what runs is left alone, what doesn't is started.
// nodes is 0 for as many as there are.
func (i *Instance) Up(ctx context.Context, nodes int, parts Parts, stage Stage) error {
	unlock, err := i.lock()
	if err != nil {
		return err
	}
	defer unlock()
	st, err := i.plan(ctx, nodes)
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

// plan reads the state, or begins one, and settles how many nodes there are to be.
func (i *Instance) plan(ctx context.Context, nodes int) (*State, error) {
	if nodes < 0 || nodes > network.MaxNodes {
		return nil, fmt.Errorf("a bench has 1 to %d nodes, not %d", network.MaxNodes, nodes)
	}
	st, err := readState(i.stateFile())
	if errors.Is(err, errNoState) {
		st, err = i.begin(ctx)
	}
	if err != nil {
		return nil, err
	}
	if nodes == 0 {
		nodes = max(st.Nodes, DefaultNodes)
	}
	if nodes < st.Nodes {
		return nil, fmt.Errorf("the bench has %d nodes; `make bench-down` first for one with %d", st.Nodes, nodes)
	}
	st.Nodes = nodes
	return st, st.write(i.stateFile())
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
	if err := i.placeBinary(ctx, parts.Servers); err != nil {
		return nil, err
	}
	ca, err := pki.Open(servers.PKIDir(i.run()))
	if err != nil {
		return nil, err
	}
	if err := servers.AdminKubeconfig(i.setup(st), ca, i.Kubeconfig()); err != nil {
		return nil, err
	}
	return i.startMachines(ctx, st, ca)
}
