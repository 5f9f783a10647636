package fit

import "slices"

// search is one try to find a node for every pod. It works on copies: the snapshot stays as it is.
type search struct {
	free       []amounts
	placements []*placement
	of         map[*statefulSet]*placement
}

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

// findPlacement tries to place all pods, one StatefulSet after the other. StatefulSets that keep apart take turns, ordinal by
// ordinal: otherwise the first could fill the nodes so that only it could use what is left.
func (s *snapshot) findPlacement(sets []*statefulSet) bool {
	try := &search{of: map[*statefulSet]*placement{}}
	for _, n := range s.nodes {
		try.free = append(try.free, slices.Clone(n.free))
	}
	for _, set := range sets {
		p := s.newPlacement(set)
		try.placements = append(try.placements, p)
		try.of[set] = p
	}
	for _, p := range try.placements {
		for _, node := range p.nodeOf {
			if node != unscheduled {
				try.closeDomains(p, node)
			}
		}
	}
	return try.placeBound() && try.placeRest()
}

// placeBound places the pods whose volumes leave them few nodes or one.
func (s *search) placeBound() bool {
	for _, p := range s.placements {
		for ordinal := range p.nodeOf {
			nodes, bound := p.set.volumeNodes[ordinal]
			if bound && p.nodeOf[ordinal] == unscheduled && !s.assign(p, ordinal, s.roomiest(p, ordinal, nodes)) {
				return false
			}
		}
	}
	return true
}

func (s *search) placeRest() bool {
	done := map[*placement]bool{}
	for _, p := range s.placements {
		if done[p] {
			continue
		}
		together := []*placement{p}
		for _, rule := range p.set.antiAffinity {
			if other := s.of[rule.other]; other != p {
				together = append(together, other)
			}
		}
		for _, ordinal := range ordinalsInOrder(together) {
			for _, member := range together {
				done[member] = true
				if ordinal < len(member.nodeOf) && member.nodeOf[ordinal] == unscheduled && !s.assign(member, ordinal, s.bestNode(member, ordinal)) {
					return false
				}
			}
		}
	}
	return true
}

// ordinalsInOrder are the ordinals of which some pod has a node, and then the others.
func ordinalsInOrder(together []*placement) []int {
	most := 0
	for _, p := range together {
		most = max(most, len(p.nodeOf))
	}
	var begun, rest []int
	for ordinal := range most {
		if slices.ContainsFunc(together, func(p *placement) bool { return ordinal < len(p.nodeOf) && p.nodeOf[ordinal] != unscheduled }) {
			begun = append(begun, ordinal)
		} else {
			rest = append(rest, ordinal)
		}
	}
	return append(begun, rest...)
}

// bestNode is the node with most room in the domain with most room that the pod may be in.
func (s *search) bestNode(p *placement, ordinal int) int {
	best := &domain{}
	for _, d := range p.domains {
		if d.room > best.room && s.mayBeIn(p, ordinal, d) {
			best = d
		}
	}
	return s.roomiest(p, ordinal, best.nodes)
}

// roomiest is the node with most room that the pod may be on.
func (s *search) roomiest(p *placement, ordinal int, nodes []int) int {
	found, most := unscheduled, int64(0)
	for _, i := range nodes {
		if p.room[i] > most && s.mayBeIn(p, ordinal, p.domainOf[i]) {
			found, most = i, p.room[i]
		}
	}
	return found
}

// mayBeIn says whether anti-affinity lets a pod be in a domain.
func (s *search) mayBeIn(p *placement, ordinal int, d *domain) bool {
	return !d.closed && !slices.ContainsFunc(p.set.antiAffinity, func(rule antiAffinity) bool {
		other := s.of[rule.other]
		return rule.samePodIndex && ordinal < len(other.nodeOf) && other.nodeOf[ordinal] != unscheduled &&
			d.value != "" && d.value == other.domainOf[other.nodeOf[ordinal]].value
	})
}

// assign gives a pod its node, unless there is none for it.
func (s *search) assign(p *placement, ordinal, node int) bool {
	if node == unscheduled {
		return false
	}
	p.nodeOf[ordinal] = node
	s.free[node].subtract(p.set.requests)
	s.closeDomains(p, node)
	for _, other := range s.placements {
		if other.set.rejections[node] == "" {
			room := s.free[node].podsThatFit(other.set.requests)
			other.domainOf[node].room += room - other.room[node]
			other.room[node] = room
		}
	}
	return true
}

// closeDomains closes the domain of a node to all StatefulSets whose pods may not be beside a pod of this one.
func (s *search) closeDomains(p *placement, node int) {
	for _, rule := range p.set.antiAffinity {
		if d := s.of[rule.other].domainOf[node]; !rule.samePodIndex && d.value != "" {
			d.closed = true
		}
	}
}
