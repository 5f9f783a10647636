package plan

import (
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// Reach waits until every host answers ssh from a pod, and finds out whether the database's connections will be let through
// while there is no database yet to find out by itself.
type Reach struct {
	// From is the pod to ask. Empty: the one that is to be the acting coordinator's.
	From  string
	Hosts []string
	Links []segments.Link
	// Spare are the hosts of both coordinators, where the one need not answer the other.
	Spare []string
}

func (Reach) action() {}

func reach(c *topology.Cluster, t topology.Topology) Reach {
	return Reach{From: t.Coordinator().Pod, Hosts: hosts(c, t), Links: segments.Links(t)}
}
