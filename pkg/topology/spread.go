package topology

import (
	"maps"
	"slices"
)

// leastSpread is the least number of mirrors' pods that can be spread: on three nodes, one of them has two primaries.
const leastSpread = 4

// CanSpread reports whether there are enough mirrors to spread those of one node's primaries over several nodes.
func (t Topology) CanSpread() bool { return t.group(MirrorComponent).Replicas >= leastSpread }

// Wish is the node on which a mirror's pod would best run.
type Wish struct{ Pod, Node string }

// Wishes spread the mirrors of each node's primaries over the other nodes that run primaries, so that all of them share the load
// when the node is lost. node returns the node of a pod, or "". A mirror that has a node, or whose primary has none, gets no wish.
// There are none where no two primaries share a node, nor where only two nodes have primaries: the others are better then.
//
// Each round has at most one wish for each node: granted in turn, they keep the mirrors as even at any time as a scheduler would.
func (t Topology) Wishes(node func(pod string) string) [][]Wish {
	primaries, mirrors := t.group(PrimaryComponent), t.group(MirrorComponent)
	homes, placed := map[string][]int32{}, 0
	for ordinal := range mirrors.Replicas {
		if home := node(primaries.Pod(ordinal)); home != "" {
			homes[home] = append(homes[home], ordinal)
			placed++
		}
	}
	nodes := slices.Sorted(maps.Keys(homes))
	if len(nodes) < 3 || placed == len(nodes) {
		return nil
	}
	var rounds [][]Wish
	granted := map[string]int{}
	for i, home := range nodes {
		// All nodes in a circle: each begins with the one next to it, so that nodes that have alike get alike.
		others := slices.Concat(nodes[i+1:], nodes[:i])
		burden := map[string]int{}
		for _, ordinal := range homes[home] {
			burden[node(mirrors.Pod(ordinal))]++
		}
		for _, ordinal := range homes[home] {
			if node(mirrors.Pod(ordinal)) != "" {
				continue
			}
			away := slices.MinFunc(others, func(a, b string) int { return burden[a] - burden[b] })
			burden[away]++
			round := granted[away]
			granted[away]++
			if round == len(rounds) {
				rounds = append(rounds, nil)
			}
			rounds[round] = append(rounds[round], Wish{mirrors.Pod(ordinal), away})
		}
	}
	return rounds
}

// Crowded are the nodes whose loss would double the load of a single other node: they run the primaries of several pods, and the
// mirrors of all of these are on one node. They come in the order of the primaries. On two nodes, where no other way is, there
// are none. node is as for Wishes.
func (t Topology) Crowded(node func(pod string) string) []string {
	primaries, mirrors := t.group(PrimaryComponent), t.group(MirrorComponent)
	var homes []string
	away, all := map[string][]string{}, map[string]bool{} // away: the nodes of the mirrors, by their primaries' node
	for ordinal := range mirrors.Replicas {
		home, other := node(primaries.Pod(ordinal)), node(mirrors.Pod(ordinal))
		if home == "" || other == "" {
			continue
		}
		all[home], all[other] = true, true
		if away[home] == nil {
			homes = append(homes, home)
		}
		away[home] = append(away[home], other)
	}
	if len(all) < 3 {
		return nil
	}
	var crowded []string
	for _, home := range homes {
		if nodes := away[home]; len(nodes) > 1 && len(slices.Compact(nodes)) == 1 {
			crowded = append(crowded, home)
		}
	}
	return crowded
}

// group is the group of a component, without replicas where there is none.
func (t Topology) group(component Component) Group {
	for _, group := range t.Groups {
		if group.Component == component {
			return group
		}
	}
	return Group{Component: component}
}
