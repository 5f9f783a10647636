package fit

import (
	"fmt"
	"slices"
)

// group is the StatefulSets with the same requests, rejected by the same nodes. So their pods can be counted exactly.
type group struct {
	*snapshot
	sets []*statefulSet
	// room is how many pods of the group each node takes, and total how many all nodes take.
	room    []int64
	total   int64
	missing int64
}

// reasons are why no scheduler could place every pod. Each is a count that holds for every placement. If there are none, a
// placement may exist.
func (s *snapshot) reasons() []string {
	var reasons []string
	for _, g := range s.groups() {
		if g.total < g.missing {
			reasons = append(reasons, g.tooManyPods())
			continue
		}
		for _, set := range g.sets {
			for _, rule := range set.antiAffinity {
				reasons = append(reasons, g.cannotKeepApart(set, rule))
			}
		}
	}
	for _, set := range s.sets {
		reasons = append(reasons, s.volumeOutOfReach(set))
	}
	reasons = slices.DeleteFunc(reasons, func(reason string) bool { return reason == "" })
	if len(reasons) == 0 {
		return s.tooLittleInSum()
	}
	return reasons
}

func (s *snapshot) groups() []*group {
	var groups []*group
	for _, set := range s.sets {
		at := slices.IndexFunc(groups, func(g *group) bool {
			return slices.Equal(g.sets[0].requests, set.requests) && slices.Equal(g.sets[0].rejections, set.rejections)
		})
		if at < 0 {
			g := &group{snapshot: s}
			for i := range s.nodes {
				g.room = append(g.room, s.room(set, i))
				g.total += g.room[i]
			}
			at, groups = len(groups), append(groups, g)
		}
		groups[at].sets = append(groups[at].sets, set)
		groups[at].missing += set.missing()
	}
	return groups
}

func (g *group) tooManyPods() string {
	return fmt.Sprintf("%s: %s of %s %s wanted and there is room for %s: %s", joinNames(g.sets), count(g.missing, "pod"),
		g.resources.describeRequests(g.sets[0]), plural(g.missing, "is", "are"), numberOrNone(g.total),
		g.describeNodes(g.sets[0], g.room, g.allNodes))
}

// cannotKeepApart is why a rule of anti-affinity leaves some pod without a node. A domain takes at most one pod of each index
// of two StatefulSets, however much room it has, and at most one of a StatefulSet that keeps apart from itself.
func (g *group) cannotKeepApart(set *statefulSet, rule antiAffinity) string {
	other := rule.other
	most, pods := max(len(set.nodeOf), len(other.nodeOf)), len(set.nodeOf)+len(other.nodeOf)
	if other == set {
		most, pods = 1, len(set.nodeOf)
	} else if slices.Index(g.sets, other) < slices.Index(g.sets, set) {
		return "" // the other is of another group, or its own rule has said it
	}
	places, perNode := g.places(set, other, most)
	if places >= int64(pods) {
		return ""
	}
	what := fmt.Sprintf("each pod of %s must keep away from its partner in %s", set.name, other.name)
	switch {
	case other == set:
		what = fmt.Sprintf("the pods of %s must keep away from each other", set.name)
	case !rule.samePodIndex:
		what = fmt.Sprintf("the pods of %s must keep away from those of %s", set.name, other.name)
	}
	return fmt.Sprintf("%s (not the same %s), and of %d pods of %s only %s can: %s", what, set.topologyKey, pods,
		g.resources.describeRequests(set), numberOrNone(places), g.describeNodes(set, perNode, g.allNodes))
}

// places are how many pods of two StatefulSets have a node or could get one, if no domain takes pods of more than this many
// indices. A pod that runs counts wherever it is: anti-affinity does not move it.
func (g *group) places(set, other *statefulSet, mostIndices int) (places int64, perNode []int64) {
	perNode = slices.Clone(g.room)
	room, indices := map[string]int64{}, map[string]map[int]bool{}
	for i, n := range g.nodes {
		domain := n.Labels[set.topologyKey]
		room[domain] += g.room[i]
		indices[domain] = map[int]bool{}
	}
	for _, side := range slices.Compact([]*statefulSet{set, other}) {
		for ordinal, node := range side.nodeOf {
			if node == unscheduled {
				continue
			}
			places++
			perNode[node]++
			indices[g.nodes[node].Labels[set.topologyKey]][ordinal] = true
		}
	}
	for domain, pods := range room {
		if domain != "" {
			pods = min(pods, max(int64(mostIndices-len(indices[domain])), 0))
		}
		places += pods
	}
	return places, perNode
}

// volumeOutOfReach is a pod that no node takes of those that can reach its volume.
func (s *snapshot) volumeOutOfReach(set *statefulSet) string {
	for ordinal, node := range set.nodeOf {
		nodes, bound := set.volumeNodes[ordinal]
		if !bound || node != unscheduled || slices.ContainsFunc(nodes, func(i int) bool { return s.room(set, i) > 0 }) {
			continue
		}
		if len(nodes) == 0 {
			return fmt.Sprintf("the volume of pod %s is on a node that does not exist", set.pod(ordinal))
		}
		return fmt.Sprintf("pod %s wants %s where its volume is: %s", set.pod(ordinal), s.resources.describeRequests(set),
			s.describeNodes(set, make([]int64, len(s.nodes)), nodes))
	}
	return ""
}

// tooLittleInSum is a resource of which all missing pods request more than is free on all nodes that take any of them.
func (s *snapshot) tooLittleInSum() []string {
	requests, free := make(amounts, len(s.resources)), make(amounts, len(s.resources))
	sets := slices.DeleteFunc(slices.Clone(s.sets), func(set *statefulSet) bool { return set.missing() == 0 })
	for _, set := range sets {
		for r := range requests {
			requests[r] += set.missing() * set.requests[r]
		}
	}
	for i, n := range s.nodes {
		if slices.ContainsFunc(sets, func(set *statefulSet) bool { return set.rejections[i] == "" }) {
			for r := range free {
				free[r] += max(n.free[r], 0)
			}
		}
	}
	for r := range requests {
		if requests[r] > free[r] {
			return []string{fmt.Sprintf("%s want %s in all, and the nodes that may run them have %s", joinNames(sets),
				s.resources.describe(r, requests[r]), s.resources.describe(r, free[r]))}
		}
	}
	return nil
}
