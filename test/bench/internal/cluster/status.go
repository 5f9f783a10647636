package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"gpk/test/bench/internal/kube"
)

// Status is what is to be told of an instance.
type Status struct {
	Up       bool // everything runs, and every node is ready
	API      string
	Machines []MachineStatus

	Simulated, SimulatedReady int // nodes that are none
}

// MachineStatus is what is to be told of one machine.
type MachineStatus struct {
	Name    string
	Address netip.Addr // none for the switch
	PID     int        // of its init
	State   string
}

// Status looks at every machine and asks the API server. It returns no error
// for a bench that is not up or not whole: that is what it tells.
func (i *Instance) Status(ctx context.Context) (Status, error) {
	st, err := readState(i.stateFile())
	if errors.Is(err, errNoState) {
		return Status{API: "not up"}, nil
	}
	if err != nil {
		return Status{}, err
	}
	ready, apiError := i.ask(ctx)
	unplugged, err := i.unplugged(ctx, st)
	if err != nil {
		return Status{}, err
	}
	status := Status{Up: apiError == nil, API: i.setup(st).APIServer(), Simulated: st.Simulated}
	if apiError != nil {
		status.API = fmt.Sprintf("%s does not answer: %v", status.API, apiError)
	}
	for _, name := range st.machines() {
		m := MachineStatus{Name: name, Address: st.address(name), PID: st.Machines[name].PID, State: "running"}
		if nodeNumber(name) > 0 {
			m.State = cmp.Or(ready[name], "not joined")
		}
		if slices.Contains(unplugged, name) {
			m.State = "partitioned"
		}
		if !st.Machines[name].Alive() {
			m.State = "dead"
		}
		status.Up = status.Up && (m.State == "running" || m.State == "ready")
		status.Machines = append(status.Machines, m)
	}
	for name, state := range ready {
		if nodeNumber(name) == 0 && state == "ready" {
			status.SimulatedReady++
		}
	}
	status.Up = status.Up && status.SimulatedReady >= status.Simulated
	return status, nil
}

// ask returns the nodes' states by name.
func (i *Instance) ask(ctx context.Context) (map[string]string, error) {
	client, err := kube.Open(i.Kubeconfig())
	if err != nil {
		return nil, err
	}
	nodes, err := client.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	states := map[string]string{}
	for _, n := range nodes {
		states[n.Name] = "not ready"
		if n.Ready {
			states[n.Name] = "ready"
		}
	}
	return states, nil
}
