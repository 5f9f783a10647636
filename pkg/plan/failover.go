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
	// Force lets it take over from a coordinator that answers.
	Force bool
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

// Return has the coordinator act again that a takeover has put out of the way, as long as the standby has not been activated.
type Return struct {
	Takeover
	// Hosts are the hosts of all pods.
	Hosts []string
	// AcceptLoss is a person's decision where the standby cannot be asked: it is off, and what it may have written is given up.
	AcceptLoss bool
}

// Rebuild makes the coordinator's pod that does not act a standby, whatever is in it. What it holds is moved aside before and
// removed afterwards.
type Rebuild struct {
	// Pods are the pods of both coordinators.
	Pods []topology.Instance
	// IfReachable lets it be where that pod does not run.
	IfReachable bool
	// Anew has no standby follow again that was there: gpactivatestandby may have left it a word to promote itself by.
	Anew bool
}

func (Eligible) action() {}
func (Fence) action()    {}
func (Activate) action() {}
func (Return) action()   {}
func (Rebuild) action()  {}

// FailoverOptions are a person's decisions.
type FailoverOptions struct {
	// AcceptLoss lets the standby take over although it may lack transactions.
	AcceptLoss bool
	// Fenced says that the old coordinator's pod cannot run any more, where nobody can reach it.
	Fenced bool
	// Force switches from a coordinator that answers.
	Force bool
}

// Failover is the plan that makes the standby of a cluster its coordinator. Clients are let to it before the rest: a new
// standby is made of the old coordinator's pod last.
func Failover(c *topology.Cluster, takeover Takeover, options FailoverOptions) Plan {
	t := topology.New(c)
	eligible := Eligible{takeover, c.Host(takeover.From), options.AcceptLoss, options.Force}
	steps := []Step{
		{"eligible", "standby able to take over", Converge, eligible},
		{"fence", "coordinator in pod " + takeover.From + " out of the way", Converge, Fence{eligible, hosts(c, t), options.Fenced}},
		{"activate", "standby in pod " + takeover.To + " activated", Once, Activate{eligible}},
	}
	steps = append(steps, reachable(c, t)...)
	return Plan{"failover", ref(c), append(steps, rebuild(Rebuild{Pods: coordinators(t), IfReachable: true}))}
}

// FailoverBack is the plan that takes a failover back that has not activated the standby.
func FailoverBack(c *topology.Cluster, takeover Takeover, acceptLoss bool) Plan {
	t := topology.New(c)
	steps := []Step{
		{"return", "pod " + takeover.From + " to act again", Converge, Return{takeover, hosts(c, t), acceptLoss}},
		{"start", "coordinator answers", Converge, Started{Hosts: hosts(c, t), Coordinators: heads(c, t), AnyPrimary: true}},
	}
	steps = append(steps, reachable(c, t)...)
	return Plan{"failover", ref(c), append(steps, rebuild(Rebuild{Pods: coordinators(t), IfReachable: true, Anew: true}))}
}

func rebuild(action Rebuild) Step {
	return Step{"standby", "standby coordinator", Once, action}
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
