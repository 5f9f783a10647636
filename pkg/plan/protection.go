package plan

import (
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/topology"
	"gpk/templates"
)

// protection is what keeps others away from the cluster: from its network, unless cluster.yaml says no, and from several of
// its pods at once.
func protection(c *topology.Cluster, t topology.Topology) ([]Object, error) {
	var objects []Object
	if c.HasNetworkPolicy() {
		own, clients := &networkingv1.NetworkPolicy{}, &networkingv1.NetworkPolicy{}
		if err := templates.Decode("networkpolicy-own", own); err != nil {
			return nil, err
		}
		if err := templates.Decode("networkpolicy-clients", clients); err != nil {
			return nil, err
		}
		pods := metav1.LabelSelector{MatchLabels: Labels(c.Metadata.Name)}
		name(own, c, c.Metadata.Name)
		own.Spec.PodSelector = pods
		own.Spec.Ingress[0].From[0].PodSelector = &pods
		name(clients, c, c.Metadata.Name+"-clients")
		clients.Spec.PodSelector.MatchLabels = componentLabels(c.Metadata.Name, topology.CoordinatorComponent)
		objects = append(objects, own, clients)
	}
	for _, group := range t.Groups {
		budget := &policyv1.PodDisruptionBudget{}
		if err := templates.Decode("poddisruptionbudget", budget); err != nil {
			return nil, err
		}
		name(budget, c, group.Name)
		budget.Labels = componentLabels(c.Metadata.Name, group.Component)
		budget.Spec.Selector = &metav1.LabelSelector{MatchLabels: budget.Labels}
		objects = append(objects, budget)
	}
	return objects, nil
}
