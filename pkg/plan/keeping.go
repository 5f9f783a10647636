package plan

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"

	"gpk/pkg/topology"
)

// Keeping is the plan of another operation for a cluster whose expansion has begun and is not finished. The catalogue may
// already have the segments of the larger cluster, so the plan keeps the new pods as it keeps the others. A plan that takes all
// pods from a StatefulSet takes the new ones too.
func (p Plan) Keeping(to *topology.Cluster) Plan {
	l := layoutOf(to)
	grown := func(set *appsv1.StatefulSet) *appsv1.StatefulSet {
		at := slices.IndexFunc(l.topology.Groups, func(g topology.Group) bool { return g.Name == set.Name })
		if at < 0 || *set.Spec.Replicas == 0 || *set.Spec.Replicas >= l.topology.Groups[at].Replicas {
			return set
		}
		set = set.DeepCopy()
		*set.Spec.Replicas = l.topology.Groups[at].Replicas
		return set
	}
	return p.withActions(func(action Action) Action {
		switch action := withSets(action, grown).(type) {
		case Started:
			action.Hosts = l.hosts
			return action
		case Expose:
			action.Hosts = l.hosts
			return action
		case Return:
			action.Hosts = l.hosts
			return action
		case Fence:
			action.Hosts = l.hosts
			return action
		default:
			return action
		}
	})
}
