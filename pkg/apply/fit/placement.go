package fit

import "slices"

// placement is where the pods of one StatefulSet are in a search, and where there is room for more.
type placement struct {
	set *statefulSet
	// nodeOf is the node of each pod, by ordinal.
	nodeOf []int
	// room is how many more pods each node takes.
	room []int64
	// domains are in the order of their first nodes. domainOf is the domain of each node.
	domains  []*domain
	domainOf []*domain
}

// domain is the nodes with one value of the topology key. The nodes without that label have the value "": anti-affinity does
// not apply there.
type domain struct {
	value string
	nodes []int
	// room is how many more pods its nodes take.
	room int64
	// closed: a pod runs here that no pod of the StatefulSet may be beside.
	closed bool
}

func (s *snapshot) newPlacement(set *statefulSet) *placement {
	p := &placement{set: set, nodeOf: slices.Clone(set.nodeOf)}
	byValue := map[string]*domain{}
	for i, n := range s.nodes {
		value := n.Labels[set.topologyKey]
		d := byValue[value]
		if d == nil {
			d = &domain{value: value}
			byValue[value] = d
			p.domains = append(p.domains, d)
		}
		d.nodes = append(d.nodes, i)
		d.room += s.room(set, i)
		p.room = append(p.room, s.room(set, i))
		p.domainOf = append(p.domainOf, d)
	}
	return p
}
