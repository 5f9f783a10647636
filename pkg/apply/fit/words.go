package fit

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// mostNodes is how many nodes a reason names.
const mostNodes = 4

// rooms says what the nodes take, those with most room first.
func (b *board) rooms(s *set, room []int64) string {
	all := make([]int, len(b.nodes))
	for i := range all {
		all[i] = i
	}
	return b.roomsOf(s, room, all)
}

func (b *board) roomsOf(s *set, room []int64, nodes []int) string {
	if len(nodes) == 0 {
		return "there is no node"
	}
	nodes = slices.Clone(nodes)
	slices.SortStableFunc(nodes, func(i, j int) int { return int(min(max(room[j]-room[i], -1), 1)) })
	var said []string
	for _, i := range nodes[:min(len(nodes), mostNodes)] {
		if refusal := s.refusals[i]; refusal != "" {
			said = append(said, b.nodes[i].name+" for none ("+refusal+")")
		} else {
			said = append(said, fmt.Sprintf("%s for %s (%s free)", b.nodes[i].name, none(room[i]), b.free(s, i)))
		}
	}
	if more := len(nodes) - len(said); more > 0 {
		said = append(said, "and "+count(int64(more), "more node"))
	}
	return strings.Join(said, "; ")
}

// free is what a node has left of what the set wants; the number of pods only where that is what stops it.
func (b *board) free(s *set, node int) string {
	left := slices.Clone(b.nodes[node].free)
	var said []string
	for i, each := range s.want {
		if each > 0 && (i > 0 || left[0] <= left.holdsBeyondPods(s.want)) {
			said = append(said, b.word(i, max(left[i], 0)))
		}
	}
	return strings.Join(said, ", ")
}

// holdsBeyondPods is holds for everything but the number of pods.
func (a amount) holdsBeyondPods(want amount) int64 { return a[1:].holds(want[1:]) }

// words is an amount without its number of pods.
func (b *board) words(want amount) string {
	var said []string
	for i, each := range want {
		if i > 0 && each > 0 {
			said = append(said, b.word(i, each))
		}
	}
	if len(said) == 0 {
		return "no requests"
	}
	return strings.Join(said, ", ")
}

func (b *board) word(resource int, value int64) string {
	switch name := b.resources[resource]; name {
	case corev1.ResourcePods:
		return count(value, "pod")
	case corev1.ResourceCPU:
		return strconv.FormatFloat(float64(value)/1000, 'f', -1, 64) + " CPU"
	case corev1.ResourceMemory:
		return bytes(value)
	case corev1.ResourceEphemeralStorage:
		return bytes(value) + " of " + string(name)
	default:
		return fmt.Sprintf("%d %s", value, name)
	}
}

// bytes is a size as people write it, never more than there is.
func bytes(value int64) string {
	units := []string{"Ki", "Mi", "Gi", "Ti"}
	for i := len(units) - 1; i >= 0; i-- {
		if unit := int64(1) << (10 * (i + 1)); value >= unit {
			tenths := math.Floor(float64(value)*10/float64(unit)) / 10
			return strconv.FormatFloat(tenths, 'f', -1, 64) + units[i]
		}
	}
	return strconv.FormatInt(value, 10)
}

func none(n int64) string {
	if n == 0 {
		return "none"
	}
	return strconv.FormatInt(n, 10)
}

func count(n int64, what string) string { return fmt.Sprintf("%d %s", n, plural(n, what, what+"s")) }

func plural(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
