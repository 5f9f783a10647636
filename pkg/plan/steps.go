package plan

import "gpk/pkg/topology"

// These are the steps that several operations have.

// start are the steps to a database that clients reach. They make the pods that do not exist.
func (p parts) start() []Step {
	return append([]Step{
		{"capacity", "room for the pods", Converge, Capacity{Sets: p.sets}},
		{"pods", "stateful sets", Converge, Apply{objects(p.sets), p.mirrorSpread()}},
		{"running", "pods running", Converge, Running{Pods: p.pods, Standby: p.coordinatorPods}},
		// gpstart marks segments that it cannot reach yet as down.
		{"network", "hosts reachable by name, ssh and port", Converge, Reach{Hosts: p.hosts, Spare: p.coordinatorHosts}},
		{"start", "database started", Converge, Started{Hosts: p.hosts, Coordinators: p.coordinatorHosts}},
		{"ready", "instances running in every pod", Converge, Ready{p.pods}},
	}, p.reachable()...)
}

// WindowStep is the id of the first step of a maintenance window. Until it gpk changes nothing of the cluster.
const WindowStep = "pods"

// window are the steps to a database in pods as cluster.yaml has them. What can be done while it runs comes before it stops.
func (p parts) window() []Step {
	return append([]Step{
		{WindowStep, "stateful sets", Converge, Apply{Objects: objects(p.sets)}},
		{"stop", "database stopped", Converge, Stopped{Mode: "fast", Keep: p.topology.Instances, Replacing: p.sets, Again: true}},
		{"replaced", "pods recreated", Converge, Replaced{p.sets}},
		{"running", "pods running", Converge, Running{Pods: p.pods}},
		{"network", "hosts reachable by name, ssh and port", Converge, Reach{Hosts: p.hosts}},
		{"start", "database started", Converge, Started{Hosts: p.hosts, Coordinators: p.coordinatorHosts}},
		{"ready", "instances running in every pod", Converge, Ready{p.pods}},
		{"synced", "mirrors in sync", Converge, Synced{}},
	}, p.reachable()...)
}

// reachable are the last steps wherever the coordinator may move: clients reach it, and through it every segment.
func (l layout) reachable() []Step {
	return []Step{
		{"service", "clients' service", Converge, Expose{l.ClientService(), l.hosts}},
		{"verify", "a row written and read through the service", Converge,
			Verify{l.topology.Segments(topology.Primary)[0].Pod, l.ClientHost()}},
	}
}
