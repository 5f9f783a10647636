package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gpk/test/bench/internal/kube"
	"gpk/test/bench/internal/machine"
	"gpk/test/bench/internal/pki"
	"gpk/test/bench/internal/servers"
)

// KillNodes ends nodes as a cut of their power would: kubelet, containers and
// all else at once. Their disks stay.
func (i *Instance) KillNodes(ctx context.Context, names []string, stage Stage) error {
	return i.change(ctx, names, func(st *State, name string) error {
		return stage("kill "+name, func() error { return i.killMachine(st, name) })
	})
}

// StartNodes brings killed nodes back, with their disks and without what they
// ran, and waits until they are ready.
func (i *Instance) StartNodes(ctx context.Context, names []string, stage Stage) error {
	begin := time.Now()
	var started []string
	err := i.change(ctx, names, func(st *State, name string) error {
		if st.Machines[name].Works() {
			return nil
		}
		started = append(started, name)
		return stage("start "+name, func() error {
			ca, err := pki.Open(servers.PKIDir(i.run()))
			if err != nil {
				return err
			}
			return i.startMachine(ctx, st, ca, name)
		})
	})
	if err != nil || len(started) == 0 {
		return err
	}
	return i.awaitNodes(ctx, started, begin, stage)
}

// awaitNodes waits until nodes that were started at begin are of use.
func (i *Instance) awaitNodes(ctx context.Context, names []string, begin time.Time, stage Stage) error {
	st, err := readState(i.stateFile())
	if err != nil {
		return err
	}
	client, err := kube.Open(i.Kubeconfig())
	if err != nil {
		return err
	}
	return waitFor(ctx, stage, wait{
		strings.Join(names, ", ") + " ready", machine.LogFile(i.run(), "NODE", "kubelet"),
		func(ctx context.Context) error {
			if err := client.WaitNodes(ctx, names, begin); err != nil {
				return err
			}
			return nodesAnswer(ctx, st, names)
		},
	})
}

// PartitionNodes pulls nodes' cables out of the switch: all they run goes on, and
// reaches nobody else.
func (i *Instance) PartitionNodes(ctx context.Context, names []string, stage Stage) error {
	return i.change(ctx, names, func(st *State, name string) error {
		if !st.Machines[name].Works() {
			return fmt.Errorf("%s is dead; `bench start-node %s` first", name, name)
		}
		return stage("partition "+name, func() error { return setPort(ctx, st, name, "down") })
	})
}

// PauseNodes stops nodes where they stand, as a hypervisor does with a machine
// that it moves: they answer nobody, and go on later as if no time had passed.
func (i *Instance) PauseNodes(ctx context.Context, names []string, stage Stage) error {
	if err := i.PartitionNodes(ctx, names, stage); err != nil {
		return err
	}
	return i.change(ctx, names, func(_ *State, name string) error {
		return stage("pause "+name, func() error { return i.groups.Freeze(name) })
	})
}

// HealNodes plugs the cables of partitioned nodes in again, and has paused nodes
// go on.
func (i *Instance) HealNodes(ctx context.Context, names []string, stage Stage) error {
	return i.change(ctx, names, func(st *State, name string) error {
		if !st.Machines[name].Works() {
			return fmt.Errorf("%s is not partitioned, but dead; `bench start-node %s` brings it back", name, name)
		}
		return stage("heal "+name, func() error {
			return errors.Join(setPort(ctx, st, name, "up"), i.groups.Thaw(name))
		})
	})
}

// change does something to each of the named nodes, and leads the host's way to
// Services through a node that is still there.
func (i *Instance) change(ctx context.Context, names []string, do func(*State, string) error) error {
	if !exists(i.stateFile()) {
		return errNoState // and no folder is made for the lock
	}
	unlock, err := i.lock()
	if err != nil {
		return err
	}
	defer unlock()
	st, err := readState(i.stateFile())
	if err != nil {
		return err
	}
	if !st.Machines[switchName].Works() {
		return errors.New("the bench has lost its switch; `make bench-up` mends it")
	}
	known := nodeNames(st.Nodes)
	for _, name := range names {
		if !slices.Contains(known, name) {
			return fmt.Errorf("no node is called %q; this bench has %s", name, strings.Join(known, ", "))
		}
	}
	for _, name := range names {
		if err := do(st, name); err != nil {
			return err
		}
	}
	return i.routeServices(ctx, st)
}

// RestartAPIServer kills the API server without a warning, and waits until the
// one that its machine starts in its place is ready.
func (i *Instance) RestartAPIServer(ctx context.Context, stage Stage) error {
	st, err := readState(i.stateFile())
	if err != nil {
		return err
	}
	control := st.Machines[servers.Control]
	if !control.Works() {
		return errors.New("the control plane is dead; `make bench-up` brings it back")
	}
	client, err := kube.Open(i.Kubeconfig())
	if err != nil {
		return err
	}
	const server = "kube-apiserver"
	if err := stage("kill "+server, func() error { return control.KillService(server, patience) }); err != nil {
		return err
	}
	return waitFor(ctx, stage, wait{"API server answers", machine.LogFile(i.run(), servers.Control, server), client.Ready})
}
