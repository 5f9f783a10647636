package cluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"gpk/test/bench/internal/machine"
	"gpk/test/bench/internal/network"
	"gpk/test/bench/internal/pki"
	"gpk/test/bench/internal/servers"
)

// startMachines starts every machine that does not run, and returns their names.
func (i *Instance) startMachines(ctx context.Context, st *State, ca *pki.Authority) ([]string, error) {
	if !st.Machines[switchName].Works() {
		// Without the switch everyone has lost their wires.
		if err := i.stopMachines(st); err != nil {
			return nil, err
		}
	}
	var started []string
	for _, name := range st.machines() {
		if st.Machines[name].Works() {
			continue
		}
		if err := i.startMachine(ctx, st, ca, name); err != nil {
			return nil, err
		}
		started = append(started, name)
	}
	return started, nil
}

func (i *Instance) startMachine(ctx context.Context, st *State, ca *pki.Authority, name string) error {
	// An up that was killed may have left one half made.
	if err := st.Machines[name].Kill(); err != nil {
		return err
	}
	// What an earlier machine of that name left: children of a killed init that
	// have not quite ended, and with version 1 their groups.
	if err := i.groups.Empty(name, patience); err != nil {
		return err
	}
	if err := i.groups.Remove(name, patience); err != nil {
		return err
	}
	if err := i.groups.Make(name); err != nil {
		return err
	}
	spec, wire, err := i.design(st, ca, name)
	if err != nil {
		return err
	}
	if err := machine.Start(spec, i.groups, func(init machine.Process) error {
		st.Machines[name] = init
		if err := st.write(i.stateFile()); err != nil {
			return err
		}
		return wire(ctx, init.PID)
	}); err != nil {
		return err
	}
	init := st.Machines[name]
	init.Released = true
	st.Machines[name] = init
	return st.write(i.stateFile())
}

// design says what a machine runs and how it is wired.
func (i *Instance) design(st *State, ca *pki.Authority, name string) (
	spec machine.Spec, wire func(context.Context, int) error, err error,
) {
	setup := i.setup(st)
	switch name {
	case switchName:
		return machine.Spec{Name: name, Run: i.run()}, func(ctx context.Context, pid int) error {
			return i.wireSwitch(ctx, pid, st.Network)
		}, nil
	case servers.Control:
		spec, err = servers.ControlMachine(setup, ca)
	case servers.Simulator:
		spec, err = servers.SimulatorMachine(setup, ca)
	default:
		spec, err = servers.NodeMachine(setup, ca, nodeNumber(name))
	}
	return spec, func(ctx context.Context, pid int) error {
		return i.wireMachine(ctx, st, name, pid, machineWires(st.address(name), st.Network, nodeNumber(name)))
	}, err
}

func (i *Instance) wireSwitch(ctx context.Context, pid int, l network.Layout) error {
	// The kernel takes its time to clear away the network of a killed switch.
	if err := removeLink(ctx, i.link()); err != nil {
		return err
	}
	if err := ip(ctx, hostWires(i.link(), pid, l)[:1]); err != nil {
		return err
	}
	if err := ipIn(ctx, pid, switchWires()); err != nil {
		return err
	}
	return ip(ctx, hostWires(i.link(), pid, l)[1:])
}

func (i *Instance) wireMachine(ctx context.Context, st *State, name string, pid int, wires []string) error {
	at := st.Machines[switchName].PID
	_ = ipIn(ctx, at, []string{"link delete dev " + name}) // of the machine before, if it lingers
	if err := ipIn(ctx, at, plug(name, st.address(name), pid)); err != nil {
		return err
	}
	return ipIn(ctx, pid, wires)
}

// killMachine returns when nothing of the machine runs any more.
func (i *Instance) killMachine(st *State, name string) error {
	if err := i.groups.Thaw(name); err != nil { // it would not end
		return err
	}
	if err := st.Machines[name].Kill(); err != nil {
		return err
	}
	return i.groups.Empty(name, patience)
}

// stopMachines kills the machines, known and forgotten ones.
func (i *Instance) stopMachines(st *State) error {
	if err := i.groups.Thaw(""); err != nil { // they would not end
		return err
	}
	for _, init := range st.Machines {
		if err := init.Kill(); err != nil {
			return err
		}
	}
	return i.groups.Empty("", patience)
}

// placeBinary puts a binary into the instance: it must stay there while the
// instance runs, whatever is built in the meantime.
func (i *Instance) placeBinary(ctx context.Context, built, place string) error {
	target := filepath.Join(i.run(), place)
	was, err1 := os.Stat(target)
	is, err2 := os.Stat(built)
	if err1 == nil && err2 == nil && os.SameFile(was, is) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return fmt.Errorf("place %s: %w", place, err)
	}
	_ = os.Remove(target + ".new")
	if err := os.Link(built, target+".new"); err != nil { // on another file system
		if said, err := exec.CommandContext(ctx, "cp", built, target+".new").CombinedOutput(); err != nil {
			return fmt.Errorf("place %s: %w: %s", place, err, said)
		}
	}
	if err := os.Rename(target+".new", target); err != nil {
		return fmt.Errorf("place %s: %w", place, err)
	}
	return nil
}
