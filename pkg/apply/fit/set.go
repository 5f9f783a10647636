package fit

import (
	"fmt"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	scheduling "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"
)

// nowhere is the node of a pod that is still to be placed.
const nowhere = -1

// set is one StatefulSet on the board.
type set struct {
	name      string
	namespace string
	template  *corev1.PodTemplateSpec
	// want is what one pod takes.
	want amount
	// at is the node of each pod, by ordinal.
	at []int
	// bound are the nodes that a pod's volume can be reached from, by ordinal, where there is such a volume.
	bound map[int][]int
	// refusals say for each node why it takes no pod of this set: "" for none.
	refusals []string
	// key is the node label within whose value pods that keep apart may not meet.
	key string
	// apart are the sets that this one keeps apart from, itself perhaps among them.
	apart []relation
}

// relation is required anti-affinity between two sets: of all their pods, or of those with the same ordinal.
type relation struct {
	other *set
	pairs bool
}

func (b *board) newSet(s *appsv1.StatefulSet) *set {
	replicas := 1
	if s.Spec.Replicas != nil {
		replicas = int(*s.Spec.Replicas)
	}
	want := b.amountOf(Requests(&s.Spec.Template.Spec))
	want[0] = 1
	made := &set{name: s.Name, namespace: s.Namespace, template: &s.Spec.Template, want: want, key: corev1.LabelHostname,
		at: make([]int, replicas), bound: map[int][]int{}, refusals: make([]string, len(b.nodes))}
	for i := range made.at {
		made.at[i] = nowhere
	}
	return made
}

func (s *set) pod(ordinal int) string { return s.name + "-" + strconv.Itoa(ordinal) }

// terms are the required anti-affinity terms that apply within the pods' own namespace.
func (s *set) terms() []corev1.PodAffinityTerm {
	affinity := s.template.Spec.Affinity
	if affinity == nil || affinity.PodAntiAffinity == nil {
		return nil
	}
	var found []corev1.PodAffinityTerm
	for _, term := range affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution {
		if len(term.Namespaces) == 0 && term.NamespaceSelector == nil {
			found = append(found, term)
		}
	}
	return found
}

// relate finds the sets that keep apart, from the anti-affinity of their templates. It holds both ways, as it does for the
// scheduler. A set's first term decides the topology key; terms with another one are left to the scheduler.
func (b *board) relate() {
	for _, s := range b.sets {
		if terms := s.terms(); len(terms) > 0 {
			s.key = terms[0].TopologyKey
		}
	}
	for _, s := range b.sets {
		for _, term := range s.terms() {
			selector, err := metav1.LabelSelectorAsSelector(term.LabelSelector)
			if err != nil || term.TopologyKey != s.key {
				continue
			}
			for _, other := range b.sets {
				pairs := len(term.MatchLabelKeys) > 0
				alone := pairs && other == s // no other pod of the set has the same index
				if !alone && other.key == s.key && selector.Matches(labels.Set(other.template.Labels)) {
					s.keepApart(other, pairs)
					other.keepApart(s, pairs)
				}
			}
		}
	}
}

func (s *set) keepApart(other *set, pairs bool) {
	for i := range s.apart {
		if s.apart[i].other == other {
			s.apart[i].pairs = s.apart[i].pairs && pairs
			return
		}
	}
	s.apart = append(s.apart, relation{other, pairs})
}

// settle notes where the sets' pods are that have a node, and returns the names of these pods. A pod that is over is not one
// of them: its set makes another.
func (b *board) settle(running []corev1.Pod, index map[string]int) map[string]bool {
	placed := map[string]bool{}
	for i := range running {
		pod := &running[i]
		at, found := index[pod.Spec.NodeName]
		if !found || over(pod) {
			continue
		}
		for _, s := range b.sets {
			text, ours := strings.CutPrefix(pod.Name, s.name+"-")
			ordinal, err := strconv.Atoi(text)
			if ours && err == nil && pod.Namespace == s.namespace && ordinal >= 0 && ordinal < len(s.at) {
				s.at[ordinal] = at
				placed[pod.Namespace+"/"+pod.Name] = true
			}
		}
	}
	return placed
}

// strangers are the running pods that are none of the sets' own.
func strangers(running []corev1.Pod, own map[string]bool) []*corev1.Pod {
	var found []*corev1.Pod
	for i := range running {
		if !own[running[i].Namespace+"/"+running[i].Name] {
			found = append(found, &running[i])
		}
	}
	return found
}

// refuse finds out which nodes take no pod of the set, however much room they have.
func (s *set) refuse(nodes []corev1.Node, others []*corev1.Pod, index map[string]int) {
	affinity := nodeaffinity.NewRequiredNodeAffinity(s.template.Spec.NodeSelector, s.template.Spec.Affinity)
	taken := s.takenBy(nodes, others, index)
	for i := range nodes {
		n := &nodes[i]
		if match, err := affinity.Match(n); err != nil || !match {
			s.refusals[i] = "node selector or affinity does not match"
		} else if taint, found := s.untolerated(n); found {
			s.refusals[i] = taint
		} else if pod := taken[n.Labels[s.key]]; pod != "" {
			s.refusals[i] = "must not be beside pod " + pod
		}
	}
}

// untolerated is the taint that keeps the set's pods off a node. The API server has every pod tolerate for five minutes that
// its node is not ready or unreachable, in what NoExecute does: such a taint alone keeps no pod off.
func (s *set) untolerated(n *corev1.Node) (string, bool) {
	taints := n.Spec.Taints
	if n.Spec.Unschedulable {
		taints = append([]corev1.Taint{{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule}}, taints...)
	}
	taint, found := scheduling.FindMatchingUntoleratedTaint(klog.Background(), taints, s.template.Spec.Tolerations,
		func(t *corev1.Taint) bool {
			lost := t.Key == corev1.TaintNodeNotReady || t.Key == corev1.TaintNodeUnreachable
			return t.Effect == corev1.TaintEffectNoSchedule || t.Effect == corev1.TaintEffectNoExecute && !lost
		}, false)
	switch taint.Key {
	case corev1.TaintNodeUnschedulable:
		return "is cordoned", found
	case corev1.TaintNodeNotReady, corev1.TaintNodeUnreachable:
		return "is not ready", found
	}
	return fmt.Sprintf("has the taint %s, which is not tolerated", taint.ToString()), found
}

// takenBy are the domains where pods run that are not of these sets, but that the set keeps apart from.
func (s *set) takenBy(nodes []corev1.Node, others []*corev1.Pod, index map[string]int) map[string]string {
	taken := map[string]string{}
	for _, term := range s.terms() {
		selector, err := metav1.LabelSelectorAsSelector(term.LabelSelector)
		if err != nil || term.TopologyKey != s.key || len(term.MatchLabelKeys) > 0 {
			continue
		}
		for _, pod := range others {
			at, found := index[pod.Spec.NodeName]
			if !found || pod.Namespace != s.namespace || over(pod) || !selector.Matches(labels.Set(pod.Labels)) {
				continue
			}
			if domain := nodes[at].Labels[s.key]; domain != "" {
				taken[domain] = pod.Name
			}
		}
	}
	return taken
}
