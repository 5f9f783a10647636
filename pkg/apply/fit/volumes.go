package fit

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
)

// addVolumes finds the nodes that can reach each volume. Many volumes have the same selector, for example those of one zone:
// it is evaluated once. A selector for one host name is evaluated on the nodes of that name only.
func (s *snapshot) addVolumes(selectors map[string]*corev1.NodeSelector) {
	byHost := map[string][]int{}
	for i, n := range s.nodes {
		host := n.Labels[corev1.LabelHostname]
		byHost[host] = append(byHost[host], i)
	}
	known := map[string][]int{}
	for _, set := range s.sets {
		for ordinal := range set.nodeOf {
			selector := selectors[set.pod(ordinal)]
			if selector == nil {
				continue
			}
			text := selector.String()
			if _, found := known[text]; !found {
				known[text] = s.selected(selector, byHost)
			}
			set.volumeNodes[ordinal] = known[text]
		}
	}
}

// selected are the nodes that a selector selects.
func (s *snapshot) selected(selector *corev1.NodeSelector, byHost map[string][]int) []int {
	compiled, err := nodeaffinity.NewNodeSelector(selector)
	if err != nil {
		return nil
	}
	var found []int
	for _, i := range s.candidates(selector, byHost) {
		if compiled.Match(s.nodes[i].Node) {
			found = append(found, i)
		}
	}
	return found
}

// candidates are the nodes with the host name that a selector asks for, and otherwise all.
func (s *snapshot) candidates(selector *corev1.NodeSelector, byHost map[string][]int) []int {
	if len(selector.NodeSelectorTerms) == 1 {
		for _, e := range selector.NodeSelectorTerms[0].MatchExpressions {
			if e.Key == corev1.LabelHostname && e.Operator == corev1.NodeSelectorOpIn && len(e.Values) == 1 {
				return byHost[e.Values[0]]
			}
		}
	}
	return s.allNodes()
}
