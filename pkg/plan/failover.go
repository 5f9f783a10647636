package plan

import (
	"fmt"
	"slices"

	"gpk/pkg/topology"
)

// Failover is the plan that makes a cluster's standby its coordinator. Clients come before a new standby in the old pod.
func Failover(c *topology.Cluster, takeover Takeover, options FailoverOptions) Plan {
	l := layoutOf(c)
	eligible := Eligible{takeover, options, c.Host(takeover.From)}
	return newPlan(FailoverOperation, ref(c), []Step{
		{"eligible", "standby able to take over", Converge, eligible},
		{"fence", "coordinator in pod " + takeover.From + " out of the way", Converge, Fence{eligible, l.hosts}},
		{"activate", "standby in pod " + takeover.To + " activated", Once, Activate{eligible}},
		// The standby may have been away when a line was taken back.
		{"admission", "client authentication of the new coordinator", Converge, l.coordinatorsAuthentication()},
	}, l.reachable(), []Step{
		{"standby", "standby coordinator", Once,
			Rebuild{Pods: l.coordinators, Authentication: l.coordinatorsAuthentication(), IfReachable: true}},
		l.tolerated(),
	})
}

// FailoverBack is the plan that takes back a failover that has not activated the standby.
func FailoverBack(c *topology.Cluster, takeover Takeover, acceptLoss bool) Plan {
	l := layoutOf(c)
	return newPlan(FailoverOperation, ref(c), []Step{
		{"return", "pod " + takeover.From + " to act again", Converge, Return{takeover, l.hosts, acceptLoss}},
		{"start", "coordinator answers", Converge, Started{l.hosts, l.coordinatorHosts, true}},
	}, l.reachable(), []Step{
		{"standby", "standby coordinator", Once,
			Rebuild{Pods: l.coordinators, Authentication: l.coordinatorsAuthentication(), IfReachable: true, Anew: true}},
		l.tolerated(),
	})
}

// TakeoverTo is the takeover by one of the two coordinators' pods.
func TakeoverTo(c *topology.Cluster, to string) (Takeover, error) {
	both := layoutOf(c).coordinatorPods
	i := slices.Index(both, to)
	if i < 0 || len(both) != 2 {
		return Takeover{}, fmt.Errorf("%s has no standby coordinator in a pod %s", c.Metadata.Name, to)
	}
	return Takeover{both[1-i], to}, nil
}

// FailoverOptions are a person's decisions.
type FailoverOptions struct {
	// AcceptLoss lets the standby take over although it lacks transactions, or may lack some.
	AcceptLoss bool
	// Fenced says that the old coordinator's pod cannot run any more, where nobody can reach it.
	Fenced bool
	// Force switches from a coordinator that answers.
	Force bool
}

// Takeover is a change of coordinators: from the pod of one to the pod of its standby.
type Takeover struct{ From, To string }

// Eligible finds out whether the standby may take over. It changes nothing.
type Eligible struct {
	Takeover
	FailoverOptions
	// FromHost is the host of the coordinator's pod.
	FromHost string
}

// Fence makes sure that the coordinator takes no writes any more, now and when its node comes back.
type Fence struct {
	Eligible
	Hosts []string
}

// Activate makes the standby the coordinator.
type Activate struct{ Eligible }

// Return makes the coordinator act again that a takeover has fenced, as long as the standby has not been activated.
type Return struct {
	Takeover
	Hosts []string
	// AcceptLoss is a person's decision where gpk cannot ask the standby: it is off, and its writes, if any, are lost.
	AcceptLoss bool
}

// Rebuild makes the coordinators' pod that does not act a standby. gpk moves any data in it aside before, and removes them after.
type Rebuild struct {
	// Pods are the pods of both coordinators.
	Pods []topology.Instance
	// Authentication is what both coordinators have in the place of gpinitstandby's.
	Authentication Authentication
	// IfReachable leaves it out if that pod does not run.
	IfReachable bool
	// Anew does not reuse a standby that is there: gpactivatestandby may have left it a word to promote itself by.
	Anew bool
}

func (Eligible) action()     {}
func (Fence) action()        {}
func (Activate) action()     {}
func (Return) action()       {}
func (Rebuild) action()      {}
func (RebuildFirst) action() {}
