package fit

import (
	"container/heap"
	"slices"
)

// attempt is one try to place every pod. It works on copies: the board stays as it is.
type attempt struct {
	board *board
	free  []amount
	halls []*hall
	of    map[*set]*hall
}

// place tries to place the pods of the sets, in their order but for those that keep apart pair by pair: these go together,
// each pair to the two domains with most room, so that no domain is left over that only one half of a pair can use.
func (b *board) place(sets []*set) bool {
	a := &attempt{board: b, of: map[*set]*hall{}}
	for _, n := range b.nodes {
		a.free = append(a.free, slices.Clone(n.free))
	}
	for _, s := range sets {
		h := b.newHall(s)
		a.halls = append(a.halls, h)
		a.of[s] = h
	}
	return a.placeBound() && a.placeRest()
}

// placeBound places the pods whose volumes leave them no choice, or little.
func (a *attempt) placeBound() bool {
	for _, h := range a.halls {
		for ordinal := range h.at {
			nodes, bound := h.set.bound[ordinal]
			taken := func(d *domain) bool { return a.banned(h, d) || a.partnered(h, ordinal, d) }
			if bound && h.at[ordinal] == nowhere && !a.put(h, ordinal, h.roomiest(nodes, taken)) {
				return false
			}
		}
	}
	return true
}

// placeRest goes by ordinal through the sets that keep apart pair by pair, those pairs first of which one half is placed.
func (a *attempt) placeRest() bool {
	done := map[*hall]bool{}
	for _, h := range a.halls {
		if done[h] {
			continue
		}
		together := []*hall{h}
		for _, r := range h.set.apart {
			if other := a.of[r.other]; other != h {
				together = append(together, other)
			}
		}
		for _, ordinal := range halvesFirst(together) {
			for _, member := range together {
				done[member] = true
				if ordinal < len(member.at) && member.at[ordinal] == nowhere && !a.put(member, ordinal, a.best(member, ordinal)) {
					return false
				}
			}
		}
	}
	return true
}

// halvesFirst are the ordinals of the sets, those first of which some pod is placed already.
func halvesFirst(together []*hall) []int {
	most := 0
	for _, h := range together {
		most = max(most, len(h.at))
	}
	var halves, rest []int
	for ordinal := range most {
		if slices.ContainsFunc(together, func(h *hall) bool { return ordinal < len(h.at) && h.at[ordinal] != nowhere }) {
			halves = append(halves, ordinal)
		} else {
			rest = append(rest, ordinal)
		}
	}
	return append(halves, rest...)
}

// best is the node for a pod: the roomiest of the domain with most room of those that it may be in.
func (a *attempt) best(h *hall, ordinal int) int {
	var aside []*domain
	found := nowhere
	for len(h.domains) > 0 && found == nowhere && h.domains[0].room > 0 {
		d := h.domains[0]
		switch {
		case a.banned(h, d):
			heap.Pop(h) // for good: no pod is taken away again
		case a.partnered(h, ordinal, d):
			aside = append(aside, heap.Pop(h).(*domain))
		default:
			found = h.roomiest(d.nodes, nil)
		}
	}
	for _, d := range aside {
		heap.Push(h, d)
	}
	return found
}

// banned says whether a domain has a pod that no pod of the set may meet.
func (a *attempt) banned(h *hall, d *domain) bool {
	return d.value != "" && slices.ContainsFunc(h.set.apart, func(r relation) bool {
		return !r.pairs && a.of[r.other].here[d.value] > 0
	})
}

// partnered says whether a domain has the other half of the pod's pair.
func (a *attempt) partnered(h *hall, ordinal int, d *domain) bool {
	return d.value != "" && slices.ContainsFunc(h.set.apart, func(r relation) bool {
		other := a.of[r.other]
		return r.pairs && ordinal < len(other.at) && other.at[ordinal] != nowhere &&
			other.home[other.at[ordinal]].value == d.value
	})
}

// put places a pod, or says that there is no node for it.
func (a *attempt) put(h *hall, ordinal, node int) bool {
	if node == nowhere {
		return false
	}
	h.at[ordinal] = node
	h.here[h.home[node].value]++
	a.free[node].less(h.set.want)
	for _, other := range a.halls {
		if other.set.refusals[node] != "" {
			continue
		}
		d, room := other.home[node], a.free[node].holds(other.set.want)
		d.room += room - other.room[node]
		other.room[node] = room
		if d.index >= 0 {
			heap.Fix(other, d.index)
		}
	}
	return true
}
