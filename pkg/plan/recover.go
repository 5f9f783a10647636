package plan

import (
	"fmt"

	"gpk/pkg/topology"
)

// Answering makes every content have a primary that answers, where one of its copies is left.
type Answering struct{}

// Recovered brings every segment's instance that is down back, as a mirror.
type Recovered struct {
	// Full copies all data of those that are down from their peers, instead of what has changed.
	Full bool
}

// RebuildFirst is Rebuild ahead of the segments, whose recovery may take hours, and comes to no end where a pod of theirs is
// away. It keeps them from nothing: what cannot be done is left to the Rebuild that comes after them.
type RebuildFirst struct{ Rebuild }

// Balanced gives every segment's instance the role that it was made for.
type Balanced struct{}

// Caught waits until every mirror of a segment is in sync.
type Caught struct{}

// Switched makes the mirror of a content its primary.
type Switched struct{ Content int32 }

func (Answering) action() {}
func (Recovered) action() {}
func (Balanced) action()  {}
func (Caught) action()    {}
func (Switched) action()  {}

// RecoverOptions are a person's decisions.
type RecoverOptions struct {
	// Full copies all data of instances that are down from their peers.
	Full bool
	// Rebalance gives the instances their preferred roles back.
	Rebalance bool
}

// Recover is the plan that makes a cluster whole again: volumes and pods that are missing, the database, the standby, segments,
// mirrors. Neither the standby nor the segments wait for what the other lacks.
func Recover(c *topology.Cluster, options RecoverOptions) (Plan, error) {
	t := topology.New(c)
	volumes, err := volumes(c, t)
	if err != nil {
		return Plan{}, err
	}
	workloads, err := workloads(c, t)
	if err != nil {
		return Plan{}, err
	}
	steps := []Step{
		{"volumes", "volume claims", Converge, Present{volumes.Objects}},
		{"pods", "stateful sets", Converge, Present{workloads.Objects}},
		{"start", "coordinator answers", Converge, Started{Hosts: hosts(c, t), Coordinators: heads(c, t), AnyPrimary: true}},
		{"answering", "a primary of every content answers", Converge, Answering{}},
	}
	if c.HasMirrors() && c.HasStandby() {
		steps = append(steps, Step{"standby-first", "standby coordinator, as far as it can be made before the segments", Once,
			RebuildFirst{Rebuild{Pods: coordinators(t)}}})
	}
	if c.HasMirrors() {
		steps = append(steps, Step{"segments", "segments recovered", Converge, Recovered{options.Full}},
			Step{"caught", "mirrors in sync", Converge, Caught{}})
		if options.Rebalance {
			steps = append(steps, Step{"balanced", "segments in their preferred roles", Converge, Balanced{}})
		}
	}
	if c.HasStandby() {
		steps = append(steps, rebuild(Rebuild{Pods: coordinators(t)}))
	}
	steps = append(steps, Step{"ready", "instances running in every pod", Converge, Ready{t.Pods()}})
	return Plan{"recover", ref(c), append(steps, reachable(c, t)...)}, nil
}

// Switch is the plan that makes the mirror of a content its primary.
func Switch(c *topology.Cluster, content int32) Plan {
	t := topology.New(c)
	steps := []Step{
		{"switched", fmt.Sprintf("mirror of content %d promoted", content), Once, Switched{content}},
		{"segments", "segments recovered", Converge, Recovered{}},
		{"caught", "mirrors in sync", Converge, Caught{}},
	}
	return Plan{"switch", ref(c), append(steps, reachable(c, t)...)}
}
