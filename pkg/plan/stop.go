package plan

import "gpk/pkg/topology"

// Stop is the plan that stops the database in a mode of gpstop. With zero, it also deletes the pods. The volumes stay.
func Stop(c *topology.Cluster, mode string, zero bool) (Plan, error) {
	p, err := partsOf(c)
	if err != nil {
		return Plan{}, err
	}
	if zero {
		for _, set := range p.sets {
			set.Spec.Replicas = new(int32)
		}
	}
	return newPlan(StopOperation, ref(c), []Step{
		{"stop", "database stopped", Converge, Stopped{Mode: mode, Keep: p.topology.Instances}},
		{"scaled", "stateful sets without pods", Converge, when(zero, Apply{Objects: objects(p.sets)})},
		{"gone", "pods gone", Converge, when(zero, Remove{[]string{"Pod"}})},
	}), nil
}

// Start is the plan that starts the database of a cluster that exists, with the pods that it needs.
func Start(c *topology.Cluster) (Plan, error) {
	p, err := partsOf(c)
	if err != nil {
		return Plan{}, err
	}
	return newPlan("start", ref(c), p.start()), nil
}

// Restart is the plan that stops the database and starts it again.
func Restart(c *topology.Cluster, mode string) (Plan, error) {
	p, err := partsOf(c)
	if err != nil {
		return Plan{}, err
	}
	return newPlan("restart", ref(c), []Step{
		{"stop", "database stopped", Converge, Stopped{Mode: mode, Keep: p.topology.Instances, Again: true}},
	}, p.start()), nil
}
