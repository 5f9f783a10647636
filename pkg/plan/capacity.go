package plan

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// Capacity looks whether the pods that are still to be made would find room on the nodes, and their volumes a storage class.
// It changes nothing.
type Capacity struct {
	Sets []*appsv1.StatefulSet
	// Anew: those of their pods that are to be replaced are gone then, and need room again.
	Anew bool
	// Notes are told with what was found.
	Notes []string
}

func (Capacity) action() {}
func (Capacity) looks()  {}

// capacity asks for all StatefulSets of a step.
func capacity(workloads Apply) Capacity {
	var asked Capacity
	for _, object := range workloads.Objects {
		if set, ok := object.(*appsv1.StatefulSet); ok {
			asked.Sets = append(asked.Sets, set)
		}
	}
	return asked
}

// Without is the plan without a step, for users who know better than it.
func (p Plan) Without(id string) Plan {
	p.Steps = slices.DeleteFunc(slices.Clone(p.Steps), func(s Step) bool { return s.ID == id })
	return p
}

// PairRule is a StatefulSet of the plan that keeps primaries and mirrors apart pair by pair, which not every API server can
// do. Nil: the plan has none.
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

// RoleWide is the plan for an API server that does not know matchLabelKeys in anti-affinity: without the index, what keeps
// a primary away from its own mirror keeps it away from all mirrors.
func (p Plan) RoleWide() Plan {
	p = p.withSets(roleWide)
	for i, step := range p.Steps {
		if action, ok := step.Action.(Capacity); ok {
			action.Notes = append(slices.Clone(action.Notes), "this API server is too old to keep each primary away from just its own "+
				"mirror (matchLabelKeys): all primaries are kept away from all mirrors, which takes nodes for either")
			p.Steps[i].Action = action
		}
	}
	return p
}

// withSets is the plan with other StatefulSets, in what is applied, what is asked for beforehand and what is to have room.
func (p Plan) withSets(other func(*appsv1.StatefulSet) *appsv1.StatefulSet) Plan {
	p.Steps = slices.Clone(p.Steps)
	for i, step := range p.Steps {
		switch action := step.Action.(type) {
		case Apply:
			action.Objects = slices.Clone(action.Objects)
			for j, object := range action.Objects {
				if set, ok := object.(*appsv1.StatefulSet); ok {
					action.Objects[j] = other(set)
				}
			}
			p.Steps[i].Action = action
		case Capacity:
			action.Sets = eachSet(action.Sets, other)
			p.Steps[i].Action = action
		case Admissible:
			action.Sets = eachSet(action.Sets, other)
			p.Steps[i].Action = action
		}
	}
	return p
}

// eachSet are these StatefulSets with something done to each.
func eachSet(sets []*appsv1.StatefulSet, other func(*appsv1.StatefulSet) *appsv1.StatefulSet) []*appsv1.StatefulSet {
	sets = slices.Clone(sets)
	for i, set := range sets {
		sets[i] = other(set)
	}
	return sets
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
	var terms []*corev1.PodAffinityTerm
	for i := range affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution {
		terms = append(terms, &affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution[i])
	}
	for i := range affinity.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution {
		terms = append(terms, &affinity.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution[i].PodAffinityTerm)
	}
	return terms
}
