package plan

import (
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/topology"
	"gpk/templates"
)

// networkPolicies keep others away from the cluster's pods, unless cluster.yaml says no.
func networkPolicies(c *topology.Cluster) ([]Object, error) {
	if !c.HasNetworkPolicy() {
		return nil, nil
	}
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
	return []Object{own, clients}, nil
}
