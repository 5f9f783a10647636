package plan

import (
	appsv1 "k8s.io/api/apps/v1"
)

// Admissible asks the API server whether it would take stateful sets, before anything is made that they need: much of what is
// wrong with a pod template, such as the mount of a volume that it does not have, only the server finds. It changes nothing.
type Admissible struct {
	Sets []*appsv1.StatefulSet
	// Made: the cluster is there, and takes another spec.podTemplate by an update of its own.
	Made bool
}

func (Admissible) action() {}
func (Admissible) looks()  {}

// admissible is the step for the StatefulSets that a later one applies. Nobody can leave it out: unlike room, which an autoscaler
// adds, what is refused now is refused then.
func admissible(workloads Apply, made bool) Step {
	return Step{"admissible", "stateful sets that the API server takes", Converge, Admissible{workloads.Sets(), made}}
}
