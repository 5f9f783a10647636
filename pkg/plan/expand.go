package plan

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/sets"

	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// Expand is the plan that gives a cluster more segments. It ends when the catalogue has them and clients work with them.
// coordinator is the pod of the acting coordinator. begun says that gpk has begun this expansion before.
func Expand(from, to *topology.Cluster, coordinator string, begun bool) (Plan, error) {
	x, err := expansionOf(from, to)
	if err != nil {
		return Plan{}, err
	}
	return newPlan(ExpandOperation, ref(to), []Step{
		{"expandable", "cluster healthy and nobody at it", Converge,
			Expandable{x.from.topology.Instances, x.instances, begun, names(x.claims)}},
		{"room", "room in the volumes", Converge, Room{x.instances, x.to.volumeSize(), to.Spec.Segments.Count}},
	}, x.podSteps(coordinator), []Step{
		{"budgets", "new pairs kept from drains", Converge, when(len(x.budgets) > 0, Apply{Objects: x.budgets})},
		{"setup", "gpexpand", Once, Setup{x.instances}},
		{"complete", "new segments complete", Converge, Complete{x.instances}},
		x.to.authenticated(),
		{"ready", "instances running in the new pods", Converge, Ready{podsOf(x.instances)}},
		{"synced", "mirrors in sync", Converge, Synced{}},
	}, x.to.reachable()), nil
}

// podSteps make the new pods. There are none if the last pods that exist have a place for all new segments.
func (x expansion) podSteps(coordinator string) []Step {
	if len(x.pods) == 0 {
		return nil
	}
	return []Step{
		{"capacity", "room for the new pods", Converge, Capacity{Sets: x.to.sets}},
		{"admissible", "stateful sets that the API server takes", Converge, Admissible{segmentSets(x.to), true}},
		{"volumes", "volume claims", Converge, Apply{Objects: objects(x.claims)}},
		x.to.scripted(),
		{"pods", "stateful sets", Converge, Apply{Objects: objects(segmentSets(x.to))}},
		{"running", "new pods running", Converge, Running{Pods: x.pods}},
		{"network", "new hosts reachable by name, ssh and port", Converge, x.reach(coordinator)},
		{"hosts", "new hosts known to all pods", Converge, Hosts{x.to.hosts}},
	}
}

// Unexpand is the plan that takes an expansion back, with its pods and volumes only, as long as the catalogue is as before.
func Unexpand(from, to *topology.Cluster) (Plan, error) {
	x, err := expansionOf(from, to)
	if err != nil {
		return Plan{}, err
	}
	before, err := partsOf(from)
	if err != nil {
		return Plan{}, err
	}
	more := len(x.pods) > 0
	return newPlan(ExpandOperation, ref(to), []Step{
		{"rollback", "gpexpand undone", Converge, Unset{x.instances}},
		{"hosts", "only the earlier hosts known to all pods", Converge, when(more, Hosts{before.hosts})},
		{"scripts", "scripts of the pods", Converge, when(more, before.scripted().Action)},
		{"pods", "earlier stateful sets", Converge, when(more, Apply{Objects: objects(segmentSets(before))})},
		{"gone", "new pods gone", Converge, when(more, Absent{"Pod", x.pods})},
		{"volumes", "new volumes gone", Destructive, when(more, Absent{"PersistentVolumeClaim", names(x.claims)})},
		{"budgets", "new pairs' budgets gone", Converge, when(len(x.budgets) > 0, Absent{"PodDisruptionBudget", names(x.budgets)})},
	}), nil
}

// StartRedistribution is the plan that has gpexpand move rows to the new segments, in the background.
func StartRedistribution(c *topology.Cluster, bounds segments.Redistribution) Plan {
	return newPlan(ExpandOperation, ref(c), []Step{{"redistribute", "redistribution under way", Once, Redistribute{bounds}}})
}

// FinishExpansion is the plan for when gpexpand has moved all rows.
func FinishExpansion(c *topology.Cluster, analyze bool) Plan {
	return newPlan(ExpandOperation, ref(c), []Step{
		{"schema", "gpexpand's schema removed", Converge, DropExpansion{}},
		{"analyze", "statistics of the tables", Converge, when(analyze, Analyze{})},
	})
}

// expansion is what a larger cluster has and the smaller one of the same name lacks.
type expansion struct {
	from      layout
	to        parts
	instances []topology.Instance
	pods      []string
	claims    []*corev1.PersistentVolumeClaim
	budgets   []Object
}

func expansionOf(from, to *topology.Cluster) (expansion, error) {
	larger, err := partsOf(to)
	if err != nil {
		return expansion{}, err
	}
	x := expansion{from: layoutOf(from), to: larger}
	groups := x.from.topology.Groups
	for _, instance := range larger.topology.Instances {
		if instance.Content >= from.Spec.Segments.Count {
			x.instances = append(x.instances, instance)
		}
	}
	for group, ordinal := range larger.beyond(groups) {
		x.pods = append(x.pods, group.Pod(ordinal))
	}
	x.claims, x.budgets = larger.claims(groups), larger.pairBudgets(groups)
	return x, nil
}

// segmentSets are the StatefulSets that an expansion changes: all but the coordinators'.
func segmentSets(p parts) []*appsv1.StatefulSet { return p.sets[1:] }

// reach asks the new hosts from the acting coordinator's pod, and tries the connections to them.
func (x expansion) reach(coordinator string) Reach {
	r := Reach{From: coordinator, Hosts: each(x.pods, x.to.Host)}
	added, acting := sets.New(r.Hosts...), x.to.Host(coordinator)
	for _, link := range segments.Links(x.to.topology) {
		// Of the two coordinators, only the acting one is sure to run.
		if (added.Has(link.From) || link.From == acting) && added.Has(link.To) {
			r.Links = append(r.Links, link)
		}
	}
	return r
}

// podsOf are the pods of instances. The instances of a pod follow each other.
func podsOf(instances []topology.Instance) []string {
	return slices.Compact(each(instances, func(i topology.Instance) string { return i.Pod }))
}

// volumeSize is the size in bytes of the volume of each segments' pod, 0 if cluster.yaml has none.
func (l layout) volumeSize() int64 {
	if size := l.GroupPods(topology.PrimaryComponent).Storage.Size; size != nil {
		return size.Value()
	}
	return 0
}

// Expandable requires a cluster that is whole, as gpk made it, and on which nobody else works. It changes nothing.
type Expandable struct {
	// From are the instances that exist, and New those that are added.
	From, New []topology.Instance
	// Begun: gpk has begun this very expansion before, and what it has made exists.
	Begun bool
	// Claims are the names of the new volume claims, which must not exist before.
	Claims []string
}

// Room finds out whether the volumes have room for what an expansion puts on them. It changes nothing.
type Room struct {
	New []topology.Instance
	// Volume is the size in bytes of the volume of each new pod, 0 if it is not known.
	Volume int64
	// Total is the number of segments afterwards.
	Total int32
}

// Setup has gpexpand add instances to the catalogue and make them, once.
type Setup struct{ New []topology.Instance }

// Complete makes the new mirrors that gpexpand has left out, and notes on the volumes that their instances are complete.
type Complete struct{ New []topology.Instance }

// Unset takes back what gpexpand has made, as long as the catalogue is as before.
type Unset struct{ New []topology.Instance }

// Redistribute starts the move of rows to the new segments, unless it runs or is done. It does not wait for the end.
type Redistribute struct{ Bounds segments.Redistribution }

// DropExpansion removes gpexpand's schema once all tables are done.
type DropExpansion struct{}

// Analyze gathers the statistics of every database.
type Analyze struct{}

func (Expandable) action()    {}
func (Room) action()          {}
func (Setup) action()         {}
func (Complete) action()      {}
func (Unset) action()         {}
func (Redistribute) action()  {}
func (DropExpansion) action() {}
func (Analyze) action()       {}
