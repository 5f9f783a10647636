// Package fit says whether pods would find room on nodes: by the scheduler's rules, but beforehand and without asking it. It
// knows no API server and decides from what it is given.
package fit

import (
	"fmt"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// Question is what is to be placed, and where.
type Question struct {
	// Sets are the StatefulSets of one cluster. Their pods that Running has are where they are.
	Sets []*appsv1.StatefulSet
	// Nodes are all nodes.
	Nodes []corev1.Node
	// Running are the pods that hold resources on the nodes, of every namespace as far as that is known.
	Running []corev1.Pod
	// Bound says, for a pod by its name, which nodes can reach its volume. Pods whose volume is still to be made, or can be
	// reached from everywhere, are not in it.
	Bound map[string]*corev1.NodeSelector
}

// Answer says yes, when it is empty; no, with reasons that no scheduler gets around; or that it cannot tell.
type Answer struct {
	// No are the reasons why some pod would stay pending, with numbers.
	No []string
	// Unsure is why there may be no room, though the sums say that there is.
	Unsure string
}

// Ask tries to place every pod, and where that fails looks for a reason why it must fail: the placement is a heuristic, so
// its failure alone proves nothing. Considered are requests, node selectors and affinity, taints, the number of pods, the
// nodes of volumes, and required anti-affinity among the sets and towards pods of their namespace. What a patch of the pod
// template may add beyond these (affinity to other pods, hard spread constraints) is left to the scheduler.
func Ask(q Question) Answer {
	b := newBoard(q)
	if b.place(b.sets) || b.place(reversed(b.sets)) {
		return Answer{}
	}
	if reasons := b.reasons(); len(reasons) > 0 {
		return Answer{No: reasons}
	}
	return Answer{Unsure: "the nodes have room in sum, but no way was found to place every pod: some may stay pending"}
}

func reversed(sets []*set) []*set {
	turned := make([]*set, 0, len(sets))
	for i := len(sets) - 1; i >= 0; i-- {
		turned = append(turned, sets[i])
	}
	return turned
}

// names joins the names of sets for people.
func names(sets []*set) string {
	var all []string
	for _, s := range sets {
		all = append(all, s.name)
	}
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	return fmt.Sprintf("%s and %s", strings.Join(all[:len(all)-1], ", "), all[len(all)-1])
}
