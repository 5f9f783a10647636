package fit

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
)

// bind finds the nodes that each volume can be reached from. Many volumes of one zone have the same selector, which is
// looked at once; volumes of single nodes are found by the node's host name, so that not every volume meets every node.
func (b *board) bind(q Question) {
	hosts := map[string][]int{}
	for i := range q.Nodes {
		host := q.Nodes[i].Labels[corev1.LabelHostname]
		hosts[host] = append(hosts[host], i)
	}
	known := map[string][]int{}
	for _, s := range b.sets {
		for ordinal := range s.at {
			selector := q.Bound[s.pod(ordinal)]
			if selector == nil {
				continue
			}
			text := selector.String()
			if _, found := known[text]; !found {
				known[text] = reach(selector, q.Nodes, hosts)
			}
			s.bound[ordinal] = known[text]
		}
	}
}

// reach are the nodes that a selector selects. An empty answer is not nil.
func reach(selector *corev1.NodeSelector, nodes []corev1.Node, hosts map[string][]int) []int {
	found := []int{}
	compiled, err := nodeaffinity.NewNodeSelector(selector)
	if err != nil {
		return found
	}
	for _, i := range candidates(selector, nodes, hosts) {
		if compiled.Match(&nodes[i]) {
			found = append(found, i)
		}
	}
	return found
}

// candidates are the nodes of a selector that names one host, and otherwise all.
func candidates(selector *corev1.NodeSelector, nodes []corev1.Node, hosts map[string][]int) []int {
	if len(selector.NodeSelectorTerms) == 1 {
		for _, e := range selector.NodeSelectorTerms[0].MatchExpressions {
			if e.Key == corev1.LabelHostname && e.Operator == corev1.NodeSelectorOpIn && len(e.Values) == 1 {
				return hosts[e.Values[0]]
			}
		}
	}
	all := make([]int, len(nodes))
	for i := range all {
		all[i] = i
	}
	return all
}
