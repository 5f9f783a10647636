package plan

import (
	"fmt"

	"gpk/pkg/topology"
)

// Recover is the plan that makes a cluster whole again: volumes and pods that are missing, the database, the standby, segments,
// mirrors. Neither the standby nor the segments wait for what the other lacks. full copies all data of instances that are down
// from their peers, rebalance gives the instances their preferred roles back, and discard removes what was kept of old coordinators.
func Recover(c *topology.Cluster, full, rebalance, discard bool) (Plan, error) {
	p, err := partsOf(c)
	if err != nil {
		return Plan{}, err
	}
	standby, mirrors := c.HasStandby(), c.HasMirrors()
	rebuild := Rebuild{Pods: p.coordinators, Authentication: p.coordinatorsAuthentication()}
	return newPlan("recover", ref(c), []Step{
		{"volumes", "volume claims", Converge, Present{objects(p.claims(nil))}},
		p.scripted(),
		{"pods", "stateful sets", Converge, Present{objects(p.sets)}},
		{"start", "coordinator answers", Converge, Started{p.hosts, p.coordinatorHosts, true}},
		{"answering", "a primary of every content answers", Converge, Answering{}},
		{"standby-first", "standby coordinator, as far as it can be made before the segments", Once,
			when(standby && mirrors, RebuildFirst{rebuild})},
		{"segments", "segments recovered", Converge, when(mirrors, Recovered{full})},
		{"caught", "mirrors in sync", Converge, when(mirrors, Caught{})},
		{"balanced", "segments in their preferred roles", Converge, when(mirrors && rebalance, Balanced{})},
		{"standby", "standby coordinator", Once, when(standby, rebuild)},
		p.authenticated(),
		{"discard", "old coordinators' data removed", Converge, when(discard, Discarded{p.coordinators})},
		{"ready", "instances running in every pod", Converge, Ready{p.pods}},
	}, p.reachable()), nil
}

// Switch is the plan that makes the mirror of a content its primary.
func Switch(c *topology.Cluster, content int32) Plan {
	l := layoutOf(c)
	return newPlan("switch", ref(c), []Step{
		{"switched", fmt.Sprintf("mirror of content %d promoted", content), Once, Switched{content}},
		{"segments", "segments recovered", Converge, Recovered{}},
		{"caught", "mirrors in sync", Converge, Caught{}},
		l.authenticated(),
	}, l.reachable())
}

// Answering gives every content a primary that answers, if one of its copies is left.
type Answering struct{}

// Recovered brings every segment's instance that is down back, as a mirror.
type Recovered struct {
	// Full copies all data from the peers, and not only what has changed.
	Full bool
}

// RebuildFirst is Rebuild before the segments: their recovery may take hours, and does not end while one of their pods is
// away. It never keeps gpk from the segments: what it cannot do is left to the Rebuild after them.
type RebuildFirst struct{ Rebuild }

// Discarded removes the data of old coordinators that a failover kept in the coordinators' pods.
type Discarded struct{ Pods []topology.Instance }

// Balanced gives every segment's instance the role that it was made for.
type Balanced struct{}

// Caught waits until every mirror of a segment is in sync.
type Caught struct{}

// Switched makes the mirror of a content its primary.
type Switched struct{ Content int32 }

func (Answering) action() {}
func (Discarded) action() {}
func (Recovered) action() {}
func (Balanced) action()  {}
func (Caught) action()    {}
func (Switched) action()  {}
