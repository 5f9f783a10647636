package fit

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// antiAffinity keeps the pods of a StatefulSet away from those of another, or of itself. With samePodIndex it keeps only the
// two pods of each index apart.
type antiAffinity struct {
	other        *statefulSet
	samePodIndex bool
}

// antiAffinityTerms are the required terms that apply within the pods' own namespace.
func (set *statefulSet) antiAffinityTerms() []corev1.PodAffinityTerm {
	affinity := set.template.Spec.Affinity
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

// findAntiAffinity finds which StatefulSets keep apart. A term holds both ways, as it does for the scheduler. The first term
// of a StatefulSet decides its topology key: terms with another key are left to the scheduler.
func (s *snapshot) findAntiAffinity() {
	for _, set := range s.sets {
		if terms := set.antiAffinityTerms(); len(terms) > 0 {
			set.topologyKey = terms[0].TopologyKey
		}
	}
	for _, set := range s.sets {
		for _, term := range set.antiAffinityTerms() {
			selector, err := metav1.LabelSelectorAsSelector(term.LabelSelector)
			if err != nil || term.TopologyKey != set.topologyKey {
				continue
			}
			samePodIndex := len(term.MatchLabelKeys) > 0
			for _, other := range s.sets {
				alone := samePodIndex && other == set // no two pods of a StatefulSet have the same index
				if !alone && other.topologyKey == set.topologyKey && selector.Matches(labels.Set(other.template.Labels)) {
					set.keepApart(other, samePodIndex)
					other.keepApart(set, samePodIndex)
				}
			}
		}
	}
}

func (set *statefulSet) keepApart(other *statefulSet, samePodIndex bool) {
	for i := range set.antiAffinity {
		if set.antiAffinity[i].other == other {
			set.antiAffinity[i].samePodIndex = set.antiAffinity[i].samePodIndex && samePodIndex
			return
		}
	}
	set.antiAffinity = append(set.antiAffinity, antiAffinity{other, samePodIndex})
}

// avoidedDomains are the topology domains where pods of others run that the StatefulSet keeps away from, with the name of one each.
func (set *statefulSet) avoidedDomains(nodes []node, others []runningPod) map[string]string {
	avoided := map[string]string{}
	for _, term := range set.antiAffinityTerms() {
		selector, err := metav1.LabelSelectorAsSelector(term.LabelSelector)
		if err != nil || term.TopologyKey != set.topologyKey || len(term.MatchLabelKeys) > 0 {
			continue
		}
		for _, pod := range others {
			domain := nodes[pod.node].Labels[set.topologyKey]
			if domain != "" && pod.Namespace == set.namespace && selector.Matches(labels.Set(pod.Labels)) {
				avoided[domain] = pod.Name
			}
		}
	}
	return avoided
}
