package plan

import (
	"fmt"

	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"gpk/pkg/topology"
	"gpk/templates"
)

// budgets keep drains from taking what the database can't do without: both copies of a segment, or both coordinators. A
// pod is ready while its instances run, so the other copy is kept as long as the one that was evicted is not back and
// recovered. What has no second copy goes one pod at a time. No pod is in two budgets, which the API server would not evict.
//
// There is one for each pair and none for all: volumes that stay with their node keep the first pod of a drain away until
// the drain is over, which it never would be if the next pod waited for the first.
func budgets(c *topology.Cluster, t topology.Topology) ([]Object, error) {
	// Parsing it for each of thousands of pairs would be most of the plan's time.
	blank := &policyv1.PodDisruptionBudget{}
	if err := templates.Decode("poddisruptionbudget", blank); err != nil {
		return nil, err
	}
	var objects []Object
	add := func(suffix string, selector metav1.LabelSelector) *policyv1.PodDisruptionBudgetSpec {
		budget := blank.DeepCopy()
		name(budget, c, c.Metadata.Name+"-"+suffix)
		budget.Spec.Selector = &selector
		objects = append(objects, budget)
		return &budget.Spec
	}
	ofComponent := func(component topology.Component) {
		add(string(component), metav1.LabelSelector{MatchLabels: componentLabels(c.Metadata.Name, component)})
	}
	ofComponent(topology.CoordinatorComponent)
	if !c.HasMirrors() {
		ofComponent(topology.PrimaryComponent)
		return objects, nil
	}
	primaries, mirrors := t.Groups[1], t.Groups[2]
	for ordinal := range primaries.Replicas {
		pair := add(fmt.Sprintf("pair-%d", ordinal), metav1.LabelSelector{MatchLabels: Labels(c.Metadata.Name),
			MatchExpressions: []metav1.LabelSelectorRequirement{{Key: labelPodName, Operator: metav1.LabelSelectorOpIn,
				Values: []string{primaries.Pod(ordinal), mirrors.Pod(ordinal)}}}})
		// What is unavailable would be counted of all replicas of both StatefulSets, and these are not selected.
		pair.MinAvailable, pair.MaxUnavailable = new(intstr.FromInt32(1)), nil
	}
	return objects, nil
}

// newBudgets are those that a larger cluster has and the smaller one has not.
func newBudgets(from, to *topology.Cluster) ([]Object, error) {
	before, err := budgets(from, topology.New(from))
	if err != nil {
		return nil, err
	}
	after, err := budgets(to, topology.New(to))
	if err != nil {
		return nil, err
	}
	return after[len(before):], nil
}
