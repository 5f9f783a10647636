package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"gpk/test/bench/internal/kube"
	"gpk/test/bench/internal/servers"
)

// Status is what is to be told of an instance.
type Status struct {
	Up       bool // everything runs, and every node is ready
	API      string
	Machines []MachineStatus
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
	status := Status{Up: apiError == nil, API: i.setup(st).APIServer()}
	if apiError != nil {
		status.API = fmt.Sprintf("%s does not answer: %v", status.API, apiError)
	}
	for n, name := range machineNames(st.Nodes) {
		m := MachineStatus{Name: name, PID: st.Machines[name].PID, State: "running"}
		switch {
		case name == servers.Control:
			m.Address = st.Network.Control()
		case n >= 2:
			m.Address = st.Network.Node(n - 1)
			m.State = ready[name]
		}
		if m.State == "" {
			m.State = "not joined"
		}
		if !st.Machines[name].Alive() {
			m.State = "dead"
		}
		status.Up = status.Up && (m.State == "running" || m.State == "ready")
		status.Machines = append(status.Machines, m)
	}
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
