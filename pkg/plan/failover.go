package plan

import (
	"fmt"

	"gpk/pkg/topology"
)

// Takeover is a change of coordinators: from the pod of one to the pod of its standby.
type Takeover struct{ From, To string }

// Eligible finds out whether the standby may take over. It changes nothing.
type Eligible struct {
	Takeover
	// FromHost is the host of the coordinator's pod.
	FromHost string
	// AcceptLoss lets a standby take over that lacks transactions, or may lack some.
	AcceptLoss bool
}

// Fence sees to it that the coordinator takes no writes any more, now and when its node comes back.
type Fence struct {
	Eligible
	// Hosts are the hosts of all pods.
	Hosts []string
	// Fenced is a person's word that the coordinator's pod cannot run any more.
	Fenced bool
}

// Activate makes the standby the coordinator.
type Activate struct{ Eligible }

// Rebuild makes the coordinator's pod that does not act a standby, whatever is in it. What it holds is moved aside before and
// removed afterwards.
type Rebuild struct {
	// Pods are the pods of both coordinators.
	Pods []topology.Instance
	// IfReachable lets it be where that pod does not run.
	IfReachable bool
}

func (Eligible) action() {}
func (Fence) action()    {}
func (Activate) action() {}
func (Rebuild) action()  {}

// FailoverOptions are a person's decisions.
type FailoverOptions struct {
	// AcceptLoss lets the standby take over although it may lack transactions.
	AcceptLoss bool
	// Fenced says that the old coordinator's pod cannot run any more, where nobody can reach it.
	Fenced bool
}

// Failover is the plan that makes the standby of a cluster its coordinator. Clients are let to it before the rest: a new
// standby is made of the old coordinator's pod last.
func Failover(c *topology.Cluster, takeover Takeover, options FailoverOptions) Plan {
	t := topology.New(c)
	eligible := Eligible{takeover, c.Host(takeover.From), options.AcceptLoss}
	steps := []Step{
		{"eligible", "standby able to take over", Converge, eligible},
		{"fence", "coordinator in pod " + takeover.From + " out of the way", Converge, Fence{eligible, hosts(c, t), options.Fenced}},
		{"activate", "standby in pod " + takeover.To + " activated", Once, Activate{eligible}},
	}
	steps = append(steps, reachable(c, t)...)
	return Plan{"failover", ref(c), append(steps, rebuild(t, true))}
}

func rebuild(t topology.Topology, ifReachable bool) Step {
	return Step{"standby", "standby coordinator", Once, Rebuild{coordinators(t), ifReachable}}
}

// coordinators are the instances of both coordinators' pods, whoever acts.
func coordinators(t topology.Topology) []topology.Instance {
	both := []topology.Instance{t.Coordinator()}
	if standby, wanted := t.Standby(); wanted {
		both = append(both, standby)
	}
	return both
}

// TakeoverTo is the takeover by the pod of one of both coordinators.
func TakeoverTo(c *topology.Cluster, to string) (Takeover, error) {
	both := coordinators(topology.New(c))
	for i, instance := range both {
		if instance.Pod == to && len(both) == 2 {
			return Takeover{both[1-i].Pod, to}, nil
		}
	}
	return Takeover{}, fmt.Errorf("%s has no standby coordinator in a pod %s", c.Metadata.Name, to)
}
