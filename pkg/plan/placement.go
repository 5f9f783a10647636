package plan

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/topology"
)

// antiAffinity keeps the two copies of one content apart. Pod i of the mirrors holds the mirrors of pod i of the primaries. So
// a term on the other component with the pod's own index keeps just these two apart, and nodes need no label for it. The
// coordinator and its standby are one StatefulSet, and keep apart from each other.
func (l layout) antiAffinity(component topology.Component, pods topology.Pods) *corev1.Affinity {
	if pods.AntiAffinity == topology.AntiAffinityNone {
		return nil
	}
	other, samePair := component, []string(nil)
	switch component {
	case topology.PrimaryComponent:
		other, samePair = topology.MirrorComponent, []string{labelPodIndex}
	case topology.MirrorComponent:
		other, samePair = topology.PrimaryComponent, []string{labelPodIndex}
	}
	term := corev1.PodAffinityTerm{
		LabelSelector:  &metav1.LabelSelector{MatchLabels: l.componentLabels(other)},
		MatchLabelKeys: samePair,
		TopologyKey:    pods.TopologyKey,
	}
	rule := &corev1.PodAntiAffinity{}
	if pods.AntiAffinity == topology.AntiAffinityRequired {
		rule.RequiredDuringSchedulingIgnoredDuringExecution = []corev1.PodAffinityTerm{term}
	} else {
		rule.PreferredDuringSchedulingIgnoredDuringExecution = []corev1.WeightedPodAffinityTerm{{Weight: 100, PodAffinityTerm: term}}
	}
	return &corev1.Affinity{PodAntiAffinity: rule}
}

// evenSpread shares the pods of a component evenly among the nodes, as far as that is possible.
func evenSpread(labels map[string]string, pods topology.Pods) []corev1.TopologySpreadConstraint {
	return []corev1.TopologySpreadConstraint{{
		MaxSkew:           1,
		TopologyKey:       pods.TopologyKey,
		WhenUnsatisfiable: corev1.ScheduleAnyway,
		LabelSelector:     &metav1.LabelSelector{MatchLabels: labels},
	}}
}

// PairRule is a StatefulSet of the plan that keeps pods apart pair by pair, as old API servers cannot, or nil.
func (p Plan) PairRule() *appsv1.StatefulSet {
	for _, object := range p.Objects() {
		if set, ok := object.(*appsv1.StatefulSet); ok && PairRuleIn(set) {
			return set
		}
	}
	return nil
}

// PairRuleIn says whether a StatefulSet keeps its pods apart from those of the same index only.
func PairRuleIn(set *appsv1.StatefulSet) bool {
	return slices.ContainsFunc(antiAffinityTerms(set), func(term *corev1.PodAffinityTerm) bool { return len(term.MatchLabelKeys) > 0 })
}

// RoleWide is the plan for an API server that does not know matchLabelKeys in anti-affinity. Without the index, the rule that
// keeps a primary away from its own mirror keeps it away from all mirrors.
func (p Plan) RoleWide() Plan {
	return p.withActions(func(action Action) Action {
		action = withSets(action, roleWide)
		if capacity, ok := action.(Capacity); ok {
			capacity.Notes = append(slices.Clone(capacity.Notes), "this API server is too old to keep each primary away from just its own "+
				"mirror (matchLabelKeys): all primaries are kept away from all mirrors, which takes nodes for either")
			return capacity
		}
		return action
	})
}

func roleWide(set *appsv1.StatefulSet) *appsv1.StatefulSet {
	set = set.DeepCopy()
	for _, term := range antiAffinityTerms(set) {
		term.MatchLabelKeys = nil
	}
	return set
}

func antiAffinityTerms(set *appsv1.StatefulSet) []*corev1.PodAffinityTerm {
	affinity := set.Spec.Template.Spec.Affinity
	if affinity == nil || affinity.PodAntiAffinity == nil {
		return nil
	}
	required := affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution
	preferred := affinity.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution
	var terms []*corev1.PodAffinityTerm
	for i := range required {
		terms = append(terms, &required[i])
	}
	for i := range preferred {
		terms = append(terms, &preferred[i].PodAffinityTerm)
	}
	return terms
}
