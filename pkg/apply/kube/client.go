package kube

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"gpk/pkg/plan"
)

// Selector finds every object of the cluster.
func (k *Client) Selector() string { return labels.SelectorFromSet(plan.Labels(k.Ref.Name)).String() }

// ListOptions lists every object of the cluster.
func (k *Client) ListOptions() metav1.ListOptions {
	return metav1.ListOptions{LabelSelector: k.Selector()}
}
