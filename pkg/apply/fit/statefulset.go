package fit

import (
	"fmt"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	scheduling "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"
	"k8s.io/utils/ptr"
)

// unscheduled stands for the node of a pod that has none yet.
const unscheduled = -1

// statefulSet is a StatefulSet of the snapshot. It refers to nodes by their index.
type statefulSet struct {
	name      string
	namespace string
	template  *corev1.PodTemplateSpec
	// requests are those of one pod.
	requests amounts
	// nodeOf is the node of each pod that runs, by ordinal.
	nodeOf []int
	// volumeNodes are the nodes that can reach the volume of a pod, by ordinal. It lacks the pods whose volume all can reach.
	volumeNodes map[int][]int
	// rejections say of each node why it takes no pod of the StatefulSet: "" if it takes some.
	rejections []string
	// topologyKey is the node label whose values are the domains of antiAffinity.
	topologyKey  string
	antiAffinity []antiAffinity
}

func (s *snapshot) newStatefulSet(from *appsv1.StatefulSet) *statefulSet {
	replicas := int(ptr.Deref(from.Spec.Replicas, 1))
	requests := s.resources.amounts(Requests(&from.Spec.Template.Spec))
	requests[0] = 1
	return &statefulSet{name: from.Name, namespace: from.Namespace, template: &from.Spec.Template, requests: requests,
		nodeOf: slices.Repeat([]int{unscheduled}, replicas), volumeNodes: map[int][]int{}, rejections: make([]string, len(s.nodes)),
		topologyKey: corev1.LabelHostname}
}

func (set *statefulSet) pod(ordinal int) string { return set.name + "-" + strconv.Itoa(ordinal) }

// missing is how many pods have no node.
func (set *statefulSet) missing() int64 {
	missing := int64(0)
	for _, node := range set.nodeOf {
		if node == unscheduled {
			missing++
		}
	}
	return missing
}

// filter finds the nodes that take no pod of the StatefulSet, however much room they have.
func (set *statefulSet) filter(nodes []node, others []runningPod) {
	affinity := nodeaffinity.NewRequiredNodeAffinity(set.template.Spec.NodeSelector, set.template.Spec.Affinity)
	avoided := set.avoidedDomains(nodes, others)
	for i, n := range nodes {
		if match, err := affinity.Match(n.Node); err != nil || !match {
			set.rejections[i] = "node selector or affinity does not match"
		} else if taint := set.untoleratedTaint(n.Node); taint != "" {
			set.rejections[i] = taint
		} else if pod := avoided[n.Labels[set.topologyKey]]; pod != "" {
			set.rejections[i] = "must not be next to pod " + pod
		}
	}
}

// untoleratedTaint is the taint that keeps the pods off a node. The API server makes every pod tolerate the NoExecute taints
// of a node that is not ready or unreachable, for five minutes. Only NoSchedule keeps pods off such a node.
func (set *statefulSet) untoleratedTaint(n *corev1.Node) string {
	taints := n.Spec.Taints
	if n.Spec.Unschedulable {
		taints = append([]corev1.Taint{{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule}}, taints...)
	}
	lost := func(t *corev1.Taint) bool {
		return t.Key == corev1.TaintNodeNotReady || t.Key == corev1.TaintNodeUnreachable
	}
	keepsOff := func(t *corev1.Taint) bool {
		return t.Effect == corev1.TaintEffectNoSchedule || t.Effect == corev1.TaintEffectNoExecute && !lost(t)
	}
	taint, found := scheduling.FindMatchingUntoleratedTaint(klog.Background(), taints, set.template.Spec.Tolerations, keepsOff, false)
	switch {
	case !found:
		return ""
	case taint.Key == corev1.TaintNodeUnschedulable:
		return "is cordoned"
	case lost(&taint):
		return "is not ready"
	}
	return fmt.Sprintf("has the taint %s, which is not tolerated", taint.ToString())
}
