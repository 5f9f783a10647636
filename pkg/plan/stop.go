package plan

import (
	"slices"

	"gpk/pkg/topology"
)

// Stop is the plan that stops the database in a mode of gpstop. With zero, its pods go as well and give their nodes back;
// the volumes stay.
func Stop(c *topology.Cluster, mode string, zero bool) (Plan, error) {
	t := topology.New(c)
	steps := []Step{{"stop", "database stopped", Converge, Stopped{Mode: mode, Keep: t.Instances}}}
	if zero {
		none, err := workloads(c, t)
		if err != nil {
			return Plan{}, err
		}
		for _, set := range none.Sets() {
			set.Spec.Replicas = new(int32)
		}
		steps = append(steps,
			Step{"scaled", "stateful sets without pods", Converge, none},
			Step{"gone", "pods gone", Converge, Remove{[]string{"Pod"}}})
	}
	return Plan{"stop", ref(c), steps}, nil
}

// Start is the plan that starts a database that was made before, with the pods that it needs.
func Start(c *topology.Cluster) (Plan, error) {
	steps, err := start(c, topology.New(c))
	return Plan{"start", ref(c), steps}, err
}

// Restart is the plan that stops the database and starts it again.
func Restart(c *topology.Cluster, mode string) (Plan, error) {
	t := topology.New(c)
	steps, err := start(c, t)
	steps = slices.Insert(steps, 0, Step{"stop", "database stopped", Converge, Stopped{Mode: mode, Keep: t.Instances, Again: true}})
	return Plan{"restart", ref(c), steps}, err
}

// start are the steps from pods, whether there are any or not, to a database that clients reach.
func start(c *topology.Cluster, t topology.Topology) ([]Step, error) {
	workloads, err := workloads(c, t)
	if err != nil {
		return nil, err
	}
	workloads.Spread = mirrorSpread(c, t)
	return append([]Step{
		{"capacity", "room for the pods", Converge, capacity(workloads)},
		{"pods", "stateful sets", Converge, workloads},
		{"running", "pods running", Converge, Running{Pods: t.Pods(), Standby: podsOf(coordinators(t))}},
		// gpstart calls down what it cannot reach yet.
		{"network", "hosts reachable by name, ssh and port", Converge, Reach{Hosts: hosts(c, t), Spare: heads(c, t)}},
		{"start", "database started", Converge, Started{Hosts: hosts(c, t), Coordinators: heads(c, t)}},
		{"ready", "instances running in every pod", Converge, Ready{t.Pods()}},
	}, reachable(c, t)...), nil
}

// reachable are the last steps of whatever may have moved the coordinator: clients reach it, and every segment through it.
func reachable(c *topology.Cluster, t topology.Topology) []Step {
	return []Step{
		{"service", "clients' service", Converge, Expose{c.ClientService(), hosts(c, t)}},
		{"verify", "a row written and read through the service", Converge, Verify{t.Segments(topology.Primary)[0].Pod, c.ClientHost()}},
	}
}

func ref(c *topology.Cluster) Ref { return Ref{c.Metadata.Namespace, c.Metadata.Name} }
