package plan

import (
	"k8s.io/apimachinery/pkg/util/sets"

	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// Expandable looks whether a cluster may be given more segments now: whether it is whole, as gpk made it, and nobody else is
// at it. It changes nothing.
type Expandable struct {
	// From are the instances that there are, and New those that are wanted beside them.
	From, New []topology.Instance
	// Begun: gpk has begun this very expansion before, and what it has made is there.
	Begun bool
	// Claims are the names of the volume claims that are to be made, and must not be there beforehand.
	Claims []string
}

// Room looks whether the volumes have room for what an expansion puts on them. It changes nothing.
type Room struct {
	New []topology.Instance
	// Volume is the size in bytes of the volume of each new pod, 0 if it is not known.
	Volume int64
	// Total is the number of segments afterwards.
	Total int32
}

// Hosts lets the pods know the hosts of all pods, which they wait for when the database is started.
type Hosts struct{ Hosts []string }

// Setup has gpexpand add instances to the catalogue and make them, once.
type Setup struct{ New []topology.Instance }

// Complete makes those of the new mirrors that gpexpand has left behind, and notes on the volumes that all is there.
type Complete struct {
	New []topology.Instance
	// HBA is the block of the new instances' pg_hba.conf that gpk owns.
	HBA string
}

// Unset takes back what gpexpand has made, as long as the catalogue has not been changed.
type Unset struct{ New []topology.Instance }

// Absent deletes objects of a kind by name, and waits until they are gone.
type Absent struct {
	Kind  string
	Names []string
}

// Redistribute starts the move of rows to the new segments, unless it is running or done. It does not wait for its end.
type Redistribute struct{ Bounds segments.Redistribution }

// DropExpansion removes gpexpand's schema once all tables are done.
type DropExpansion struct{}

// Analyze gathers the statistics of every database.
type Analyze struct{}

func (Expandable) action()    {}
func (Room) action()          {}
func (Hosts) action()         {}
func (Setup) action()         {}
func (Complete) action()      {}
func (Unset) action()         {}
func (Absent) action()        {}
func (Redistribute) action()  {}
func (DropExpansion) action() {}
func (Analyze) action()       {}

// Expand is the plan that makes a cluster one with more segments, up to where the catalogue has them and clients work with
// them. coordinator is the pod of the acting coordinator. begun says that this expansion has been begun before.
func Expand(from, to *topology.Cluster, coordinator string, begun bool) (Plan, error) {
	x, err := expansionOf(from, to)
	if err != nil {
		return Plan{}, err
	}
	steps := []Step{
		{"expandable", "cluster whole and nobody at it", Converge,
			Expandable{topology.New(from).Instances, x.instances, begun, names(x.claims.Objects)}},
		{"room", "room in the volumes", Converge, Room{x.instances, volumeSize(to), to.Spec.Segments.Count}},
	}
	if len(x.pods) > 0 {
		all, err := workloads(to, x.topology)
		if err != nil {
			return Plan{}, err
		}
		steps = append(steps,
			Step{"capacity", "room for the new pods", Converge, capacity(all)},
			admissible(x.larger, true),
			Step{"volumes", "volume claims", Converge, x.claims},
			Step{"pods", "stateful sets", Converge, x.larger},
			Step{"running", "new pods running", Converge, Running{Pods: x.pods}},
			Step{"network", "new hosts reachable by name, ssh and port", Converge, x.reach(to, coordinator)},
			Step{"hosts", "new hosts known to all pods", Converge, Hosts{hosts(to, x.topology)}})
	}
	if len(x.budgets.Objects) > 0 {
		steps = append(steps, Step{"budgets", "new pairs kept from drains", Converge, x.budgets})
	}
	steps = append(steps,
		Step{"setup", "gpexpand", Once, Setup{x.instances}},
		Step{"complete", "new segments complete", Converge, Complete{x.instances, initialise(to, x.topology).HBA}},
		Step{"ready", "instances running in the new pods", Converge, Ready{podsOf(x.instances)}},
		Step{"synced", "mirrors in sync", Converge, Synced{}})
	return Plan{"expand", ref(to), append(steps, reachable(to, x.topology)...)}, nil
}

// Unexpand is the plan that takes an expansion back which has not come to change the catalogue: with its new pods and their
// volumes, and with no others.
func Unexpand(from, to *topology.Cluster) (Plan, error) {
	x, err := expansionOf(from, to)
	if err != nil {
		return Plan{}, err
	}
	steps := []Step{{"rollback", "gpexpand taken back", Converge, Unset{x.instances}}}
	if len(x.pods) > 0 {
		steps = append(steps,
			Step{"hosts", "only the hosts of before known to all pods", Converge, Hosts{hosts(from, topology.New(from))}},
			Step{"pods", "stateful sets of before", Converge, x.smaller},
			Step{"gone", "new pods gone", Converge, Absent{"Pod", x.pods}},
			Step{"volumes", "new volumes gone", Destructive, Absent{"PersistentVolumeClaim", names(x.claims.Objects)}})
	}
	if len(x.budgets.Objects) > 0 {
		steps = append(steps, Step{"budgets", "new pairs' budgets gone", Converge, Absent{"PodDisruptionBudget", names(x.budgets.Objects)}})
	}
	return Plan{"expand", ref(to), steps}, nil
}

// StartRedistribution is the plan that has the rows moved to the new segments, in the background.
func StartRedistribution(c *topology.Cluster, bounds segments.Redistribution) Plan {
	return Plan{"expand", ref(c), []Step{{"redistribute", "redistribution under way", Once, Redistribute{bounds}}}}
}

// FinishExpansion is the plan for when all rows have been moved.
func FinishExpansion(c *topology.Cluster, analyze bool) Plan {
	steps := []Step{{"schema", "gpexpand's schema removed", Converge, DropExpansion{}}}
	if analyze {
		steps = append(steps, Step{"analyze", "statistics of the tables", Converge, Analyze{}})
	}
	return Plan{"expand", ref(c), steps}
}

// expansion is what is new in one cluster beside another one of the same name with fewer segments.
type expansion struct {
	topology  topology.Topology
	instances []topology.Instance
	pods      []string
	claims    Apply
	// budgets are those of the new pods.
	budgets Apply
	// larger and smaller are the StatefulSets that change, as they become and as they were.
	larger, smaller Apply
}

func expansionOf(from, to *topology.Cluster) (expansion, error) {
	before := topology.New(from)
	x := expansion{topology: topology.New(to)}
	for _, instance := range x.topology.Instances {
		if instance.Content >= from.Spec.Segments.Count {
			x.instances = append(x.instances, instance)
		}
	}
	// Sets, since all there are of pods, claims and links would be compared with each other otherwise.
	old, newClaims := sets.New(before.Pods()...), sets.New[string]()
	for _, pod := range x.topology.Pods() {
		if !old.Has(pod) {
			x.pods = append(x.pods, pod)
			newClaims.Insert("data-" + pod)
		}
	}
	claims, err := volumes(to, x.topology)
	if err != nil {
		return expansion{}, err
	}
	for _, claim := range claims.Objects {
		if newClaims.Has(claim.GetName()) {
			x.claims.Objects = append(x.claims.Objects, claim)
		}
	}
	if x.budgets.Objects, err = newBudgets(from, to); err != nil {
		return expansion{}, err
	}
	if x.larger, err = workloads(to, x.topology); err != nil {
		return expansion{}, err
	}
	if x.smaller, err = workloads(from, before); err != nil {
		return expansion{}, err
	}
	// The coordinators' pods stay as they are.
	x.larger.Objects, x.smaller.Objects = x.larger.Objects[1:], x.smaller.Objects[1:]
	return x, nil
}

// reach asks the new hosts from the acting coordinator's pod, and tries the connections that they are the end of.
func (x expansion) reach(c *topology.Cluster, coordinator string) Reach {
	r := Reach{From: coordinator}
	for _, pod := range x.pods {
		r.Hosts = append(r.Hosts, c.Host(pod))
	}
	fresh, acting := sets.New(r.Hosts...), c.Host(coordinator)
	for _, link := range segments.Links(x.topology) {
		// Of the two coordinators, only the acting one is sure to be there.
		if (fresh.Has(link.From) || link.From == acting) && fresh.Has(link.To) {
			r.Links = append(r.Links, link)
		}
	}
	return r
}

func names(objects []Object) []string {
	var names []string
	for _, object := range objects {
		names = append(names, object.GetName())
	}
	return names
}

func podsOf(instances []topology.Instance) []string {
	var pods []string
	seen := sets.New[string]()
	for _, instance := range instances {
		if !seen.Has(instance.Pod) {
			seen.Insert(instance.Pod)
			pods = append(pods, instance.Pod)
		}
	}
	return pods
}

func volumeSize(c *topology.Cluster) int64 {
	if size := c.GroupPods(topology.PrimaryComponent).Storage.Size; size != nil {
		return size.Value()
	}
	return 0
}
