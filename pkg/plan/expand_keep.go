package plan

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"

	"gpk/pkg/topology"
)

// Keeping is the plan of another operation that comes between an expansion and its end: it leaves the pods of the larger cluster
// that there are, or makes them anew, since the catalogue may have their segments. StatefulSets that it takes all pods from
// stay without.
func (p Plan) Keeping(to *topology.Cluster) Plan {
	t := topology.New(to)
	p = p.withSets(func(set *appsv1.StatefulSet) *appsv1.StatefulSet {
		at := slices.IndexFunc(t.Groups, func(g topology.Group) bool { return g.Name == set.Name })
		if at < 0 || *set.Spec.Replicas == 0 || *set.Spec.Replicas >= t.Groups[at].Replicas {
			return set
		}
		set = set.DeepCopy()
		*set.Spec.Replicas = t.Groups[at].Replicas
		return set
	})
	for i, step := range p.Steps {
		switch action := step.Action.(type) {
		case Started:
			action.Hosts = hosts(to, t)
			p.Steps[i].Action = action
		case Expose:
			action.Hosts = hosts(to, t)
			p.Steps[i].Action = action
		case Return:
			action.Hosts = hosts(to, t)
			p.Steps[i].Action = action
		case Fence:
			action.Hosts = hosts(to, t)
			p.Steps[i].Action = action
		}
	}
	return p
}
