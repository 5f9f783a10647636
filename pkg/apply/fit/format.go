package fit

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// mostNodes is how many nodes a reason names.
const mostNodes = 4

// describeNodes says how many pods these nodes take, those with most room first.
func (s *snapshot) describeNodes(set *statefulSet, room []int64, nodes []int) string {
	if len(nodes) == 0 {
		return "there is no node"
	}
	nodes = slices.Clone(nodes)
	slices.SortStableFunc(nodes, func(i, j int) int { return cmp.Compare(room[j], room[i]) })
	var parts []string
	for _, i := range nodes[:min(len(nodes), mostNodes)] {
		if rejection := set.rejections[i]; rejection != "" {
			parts = append(parts, s.nodes[i].Name+" for none ("+rejection+")")
		} else {
			parts = append(parts, fmt.Sprintf("%s for %s (%s free)", s.nodes[i].Name, numberOrNone(room[i]), s.describeFree(set, i)))
		}
	}
	if more := len(nodes) - len(parts); more > 0 {
		parts = append(parts, "and "+count(int64(more), "more node"))
	}
	return strings.Join(parts, "; ")
}

// describeFree is what a node has left of the requested resources, and of the number of pods only where no other runs out before.
func (s *snapshot) describeFree(set *statefulSet, node int) string {
	free := s.nodes[node].free
	var parts []string
	for i, each := range set.requests {
		if each > 0 && (i > 0 || free[0] <= free[1:].podsThatFit(set.requests[1:])) {
			parts = append(parts, s.resources.describe(i, max(free[i], 0)))
		}
	}
	return strings.Join(parts, ", ")
}

func (r resources) describeRequests(set *statefulSet) string {
	var parts []string
	for i, each := range set.requests {
		if i > 0 && each > 0 {
			parts = append(parts, r.describe(i, each))
		}
	}
	return cmp.Or(strings.Join(parts, ", "), "no requests")
}

func (r resources) describe(resource int, amount int64) string {
	switch name := r[resource]; name {
	case corev1.ResourcePods:
		return count(amount, "pod")
	case corev1.ResourceCPU:
		return strconv.FormatFloat(float64(amount)/1000, 'f', -1, 64) + " CPU"
	case corev1.ResourceMemory:
		return binarySize(amount)
	case corev1.ResourceEphemeralStorage:
		return binarySize(amount) + " of " + string(name)
	default:
		return fmt.Sprintf("%d %s", amount, name)
	}
}

// binarySize rounds down, so that it never says more than there is.
func binarySize(bytes int64) string {
	units := []string{"Ki", "Mi", "Gi", "Ti"}
	for i := len(units) - 1; i >= 0; i-- {
		if unit := int64(1) << (10 * (i + 1)); bytes >= unit {
			tenths := math.Floor(float64(bytes)*10/float64(unit)) / 10
			return strconv.FormatFloat(tenths, 'f', -1, 64) + units[i]
		}
	}
	return strconv.FormatInt(bytes, 10)
}

func joinNames(sets []*statefulSet) string {
	var names []string
	for _, set := range sets {
		names = append(names, set.name)
	}
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

func numberOrNone(n int64) string {
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
