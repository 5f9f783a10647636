// Package fit says whether pods would find room on nodes. It applies the scheduler's rules beforehand and does not ask the
// scheduler. It knows no API server: it decides from what it is given.
package fit

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// Question is which pods need a node, and which nodes there are.
type Question struct {
	// Sets are the StatefulSets of one cluster. Each of their pods that is in Running stays where it is.
	Sets []*appsv1.StatefulSet
	// Nodes are all nodes.
	Nodes []corev1.Node
	// Running are the pods that hold resources on the nodes, of every namespace as far as that is known.
	Running []corev1.Pod
	// Bound has the node affinity of a pod's volume, by the name of the pod. It lacks the pods without a volume yet, and those
	// whose volume every node can reach.
	Bound map[string]*corev1.NodeSelector
}

// Answer is yes if it is empty, no if it has reasons, and otherwise that fit cannot tell.
type Answer struct {
	// No are the reasons why some pod would stay pending, with numbers. Each is certain: no scheduler gets around it.
	No []string
	// Unsure is why there may be no room, though the sums say that there is.
	Unsure string
}

// Ask searches for a node for every pod. The search is a heuristic, and its failure proves nothing. So where it fails, Ask looks for
// a reason why every placement must fail.
//
// Ask considers requests, node selectors and affinity, taints, the number of pods, the nodes of volumes, and required anti-affinity
// within the namespace. Affinity to other pods and hard spread constraints, which a patch may add, it leaves to the scheduler.
func Ask(q Question) Answer {
	s := newSnapshot(q)
	backwards := slices.Clone(s.sets)
	slices.Reverse(backwards)
	if s.findPlacement(s.sets) || s.findPlacement(backwards) {
		return Answer{}
	}
	if reasons := s.reasons(); len(reasons) > 0 {
		return Answer{No: reasons}
	}
	return Answer{Unsure: "the nodes have room in sum, but no way was found to place every pod: some may stay pending"}
}
