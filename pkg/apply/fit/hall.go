package fit

import (
	"container/heap"
	"slices"
)

// hall is the nodes as one set sees them while its pods are placed, by domain, the one with most room on top.
type hall struct {
	set *set
	// at is the node of each pod, and here how many are in each domain by value.
	at   []int
	here map[string]int
	// room is how many more pods each node takes.
	room []int64
	// domains is a heap; home is the domain of each node.
	domains []*domain
	home    []*domain
}

// domain are the nodes with one value of the set's topology key. Nodes without the label are each a domain of their own,
// which anti-affinity does not know.
type domain struct {
	value string
	nodes []int
	room  int64
	index int
}

func (b *board) newHall(s *set) *hall {
	h := &hall{set: s, at: slices.Clone(s.at), here: map[string]int{}, room: make([]int64, len(b.nodes)), home: make([]*domain, len(b.nodes))}
	values := map[string]*domain{}
	for i, n := range b.nodes {
		value := n.labels[s.key]
		d := values[value]
		if d == nil || value == "" {
			d = &domain{value: value, index: len(h.domains)}
			values[value] = d
			h.domains = append(h.domains, d)
		}
		h.home[i] = d
		d.nodes = append(d.nodes, i)
		h.room[i] = b.room(s, i)
		d.room += h.room[i]
	}
	for _, node := range s.at {
		if node != nowhere {
			h.here[h.home[node].value]++
		}
	}
	heap.Init(h)
	return h
}

// room is how many pods of a set a node takes now.
func (b *board) room(s *set, node int) int64 {
	if s.refusals[node] != "" {
		return 0
	}
	return b.nodes[node].free.holds(s.want)
}

// roomiest is the node with most room that is in no domain to avoid.
func (h *hall) roomiest(nodes []int, avoid func(*domain) bool) int {
	found, most := nowhere, int64(0)
	for _, i := range nodes {
		if h.room[i] > most && (avoid == nil || !avoid(h.home[i])) {
			found, most = i, h.room[i]
		}
	}
	return found
}

// The heap of domains.

// Len is the number of domains.
func (h *hall) Len() int { return len(h.domains) }

// Less puts the domain with most room on top, and the earlier node's of two equal ones.
func (h *hall) Less(i, j int) bool {
	a, b := h.domains[i], h.domains[j]
	if a.room != b.room {
		return a.room > b.room
	}
	return a.nodes[0] < b.nodes[0]
}

// Swap keeps each domain's index.
func (h *hall) Swap(i, j int) {
	h.domains[i], h.domains[j] = h.domains[j], h.domains[i]
	h.domains[i].index, h.domains[j].index = i, j
}

// Push adds a domain.
func (h *hall) Push(x any) {
	d := x.(*domain)
	d.index = len(h.domains)
	h.domains = append(h.domains, d)
}

// Pop takes the last domain away.
func (h *hall) Pop() any {
	last := h.domains[len(h.domains)-1]
	h.domains = h.domains[:len(h.domains)-1]
	last.index = -1
	return last
}
