package fit

import (
	corev1 "k8s.io/api/core/v1"
	podresources "k8s.io/component-helpers/resource"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
)

// snapshot is the question in numbers: the free resources of each node, and what each StatefulSet requests.
type snapshot struct {
	resources resources
	nodes     []node
	// allNodes are the indices of all nodes.
	allNodes []int
	sets     []*statefulSet
}

type node struct {
	*corev1.Node
	// free is what is allocatable less the requests of the running pods.
	free amounts
}

// runningPod is a pod that runs on the node with this index.
type runningPod struct {
	*corev1.Pod
	node int
}

func newSnapshot(q Question) *snapshot {
	s := &snapshot{resources: requestedResources(q.Sets)}
	index := map[string]int{}
	for i := range q.Nodes {
		n := &q.Nodes[i]
		index[n.Name] = i
		s.allNodes = append(s.allNodes, i)
		s.nodes = append(s.nodes, node{n, s.resources.amounts(n.Status.Allocatable)})
	}
	for _, set := range q.Sets {
		s.sets = append(s.sets, s.newStatefulSet(set))
	}
	s.findAntiAffinity()
	others := s.addRunning(q.Running, index)
	for _, set := range s.sets {
		set.filter(s.nodes, others)
	}
	s.addVolumes(q.Bound)
	return s
}

// addRunning takes the requests of the running pods off their nodes and notes where the StatefulSets' own pods are. It returns the
// others. A pod that has succeeded or failed holds nothing: if it was a StatefulSet's own, that one makes another.
func (s *snapshot) addRunning(running []corev1.Pod, index map[string]int) (others []runningPod) {
	nodeOf := map[string]*int{}
	for _, set := range s.sets {
		for ordinal := range set.nodeOf {
			nodeOf[set.namespace+"/"+set.pod(ordinal)] = &set.nodeOf[ordinal]
		}
	}
	for i := range running {
		pod := &running[i]
		node, found := index[pod.Spec.NodeName]
		if !found || pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
			continue
		}
		requests := s.resources.amounts(podresources.PodRequests(pod, podresources.PodResourcesOptions{}))
		requests[0] = 1
		s.nodes[node].free.subtract(requests)
		if own := nodeOf[pod.Namespace+"/"+pod.Name]; own != nil {
			*own = node
		} else {
			others = append(others, runningPod{pod, node})
		}
	}
	return others
}

// room is how many pods of a StatefulSet a node takes, beside the pods that run.
func (s *snapshot) room(set *statefulSet, node int) int64 {
	if set.rejections[node] != "" {
		return 0
	}
	return s.nodes[node].free.podsThatFit(set.requests)
}

// addVolumes finds the nodes that can reach each volume. Many volumes have the same selector, for example those of one zone:
// it is evaluated once. A selector for one host name is evaluated on the nodes of that name only.
func (s *snapshot) addVolumes(selectors map[string]*corev1.NodeSelector) {
	byHost := hosts{}
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

func (s *snapshot) selected(selector *corev1.NodeSelector, byHost hosts) []int {
	compiled, err := nodeaffinity.NewNodeSelector(selector)
	if err != nil {
		return nil
	}
	var found []int
	for _, i := range byHost.candidates(selector, s.allNodes) {
		if compiled.Match(s.nodes[i].Node) {
			found = append(found, i)
		}
	}
	return found
}

// hosts are the indices of the nodes with each host name.
type hosts map[string][]int

// candidates are the nodes with the host name that a selector asks for, and otherwise all.
func (h hosts) candidates(selector *corev1.NodeSelector, all []int) []int {
	if len(selector.NodeSelectorTerms) == 1 {
		for _, e := range selector.NodeSelectorTerms[0].MatchExpressions {
			if e.Key == corev1.LabelHostname && e.Operator == corev1.NodeSelectorOpIn && len(e.Values) == 1 {
				return h[e.Values[0]]
			}
		}
	}
	return all
}
