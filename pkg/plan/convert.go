package plan

import "gpk/pkg/topology"

// Convert is the plan for a cluster that an earlier gpk made, whose hosts have full names and know each other by these: hosts get their
// pods' names, and pods know each other by certificates. begun: the window has begun. Each step finds by itself what is left, so the plan
// does nothing to a cluster that is converted.
func Convert(c *topology.Cluster, begun bool) (Plan, error) {
	p, err := partsOf(c)
	if err != nil {
		return Plan{}, err
	}
	authenticated := p.authentication()
	authenticated.Converting = true
	return newPlan(ConvertOperation, ref(c), []Step{
		{"admissible", "stateful sets that the API server takes", Converge, when(!begun, Admissible{p.sets, true})},
		{"keys", "keys and certificates of the cluster", Converge, p.keys()},
		{"objects", "services and scripts", Converge, Apply{Objects: p.common}},
		{WindowStep, "stateful sets", Converge, Apply{Objects: objects(p.sets)}},
		{"stop", "database stopped", Converge,
			Stopped{Mode: "fast", Keep: p.topology.Instances, Again: true, Converting: true}},
		{"replaced", "pods recreated", Converge, Replaced{Sets: p.sets, Converting: true}},
		{"running", "pods running", Converge, Running{Pods: p.pods}},
		{"network", "hosts reachable by name, ssh and port", Converge, Reach{Hosts: p.hosts}},
		{"renamed", "hosts with their pods' names in files and catalogue", Converge, Renamed{p.topology.Instances, p.authentication()}},
		{"start", "database started", Converge, Started{Hosts: p.hosts, Coordinators: p.coordinatorHosts}},
		{"ready", "instances running in every pod", Converge, Ready{p.pods}},
		{"synced", "mirrors in sync", Converge, Synced{}},
		{"authentication", "client authentication", Converge, authenticated},
	}, p.reachable()), nil
}

// Renamed gives the hosts in the catalogue and in the files of all instances the names of their pods, and has the instances know the
// cluster's pods by their certificates. No instance may run meanwhile.
type Renamed struct {
	Instances      []topology.Instance
	Authentication Authentication
}

func (Renamed) action() {}
