package plan

import (
	"fmt"

	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"gpk/pkg/topology"
)

// policies keep others away from the cluster's pods, unless cluster.yaml says no. A pod that was replaced counts as one of the others.
func (p parts) policies() []Object {
	if !p.HasNetworkPolicy() {
		return nil
	}
	own, clients := &p.manifests.ownPolicy, &p.manifests.clientPolicy
	pods := metav1.LabelSelector{MatchLabels: Labels(p.Metadata.Name)}
	p.identify(own, p.Metadata.Name, Labels(p.Metadata.Name))
	own.Spec.PodSelector = pods
	own.Spec.Ingress[0].From[0].PodSelector = &metav1.LabelSelector{MatchLabels: pods.MatchLabels,
		MatchExpressions: []metav1.LabelSelectorRequirement{{Key: ReplacedLabel, Operator: metav1.LabelSelectorOpDoesNotExist}}}
	p.identify(clients, p.Metadata.Name+"-clients", Labels(p.Metadata.Name))
	clients.Spec.PodSelector.MatchLabels = p.componentLabels(topology.CoordinatorComponent)
	return []Object{own, clients}
}

// Budgets keep drains from taking what the database cannot do without: both copies of a segment, or both coordinators. A pod
// is ready while its instances run. So an evicted copy counts as missing until it is back and recovered, and the other one
// stays until then. Pods without a second copy go one at a time. No pod is in two budgets: the API server does not evict such
// a pod.
//
// Each pair has a budget of its own. A volume that stays with its node keeps the first pod of a drain away until the drain is
// over. With one budget for all, the drain would wait for that pod and never be over.

// componentBudgets are the budgets of pods that have no counterpart in another component.
func (p parts) componentBudgets() []Object {
	components := []topology.Component{topology.CoordinatorComponent}
	if !p.HasMirrors() {
		components = append(components, topology.PrimaryComponent)
	}
	return each(components, func(component topology.Component) Object {
		return p.budget(string(component), metav1.LabelSelector{MatchLabels: p.componentLabels(component)})
	})
}

// pairBudgets are the budgets of the pairs that smaller groups lack, with nil those of all pairs.
func (p parts) pairBudgets(smaller []topology.Group) []Object {
	var budgets []Object
	for group, ordinal := range p.beyond(smaller) {
		if group.Component != topology.MirrorComponent {
			continue
		}
		pair := []string{p.topology.Groups[1].Pod(ordinal), group.Pod(ordinal)}
		budget := p.budget(fmt.Sprintf("pair-%d", ordinal), metav1.LabelSelector{MatchLabels: Labels(p.Metadata.Name),
			MatchExpressions: []metav1.LabelSelectorRequirement{{Key: labelPodName, Operator: metav1.LabelSelectorOpIn, Values: pair}}})
		// Kubernetes counts maxUnavailable of all replicas of both StatefulSets, and the budget does not select these.
		budget.Spec.MinAvailable, budget.Spec.MaxUnavailable = new(intstr.FromInt32(1)), nil
		budgets = append(budgets, budget)
	}
	return budgets
}

func (p parts) budget(suffix string, pods metav1.LabelSelector) *policyv1.PodDisruptionBudget {
	budget := p.manifests.budget.DeepCopy()
	p.identify(budget, p.Metadata.Name+"-"+suffix, Labels(p.Metadata.Name))
	budget.Spec.Selector = &pods
	return budget
}
