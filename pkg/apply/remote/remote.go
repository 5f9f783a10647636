// Package remote owns what gpk does inside a cluster's pods. It runs programs by the exec API, which it does not know. It keeps sessions
// that run one command after another, follows jobs that outlive the gpk that started them, and remembers which pods are out of reach.
package remote

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// Pods are those of a namespace that a selector finds.
type Pods struct {
	client              kubernetes.Interface
	config              *rest.Config
	namespace, selector string
	sessions            sessions
	audited             bool
	// Nodes are those that the pods run on.
	Nodes *Nodes
	// Ways remembers which of them are out of reach.
	Ways *Ways
}

// Audited has each command be an exec of its own from now on. The API server's audit log names the program of an exec and its arguments,
// and of a session only that it was opened.
func (p *Pods) Audited() { p.audited = true }

// New makes the pods that a client and its config reach.
func New(client kubernetes.Interface, config *rest.Config, namespace, selector string) *Pods {
	return &Pods{client: client, config: config, namespace: namespace, selector: selector, Nodes: &Nodes{client}, Ways: &Ways{}}
}

// Get is a pod, nil if it is missing. gpk lists pods anyway, and needs no right to get one.
func (p *Pods) Get(ctx context.Context, name string) (*corev1.Pod, error) {
	options := metav1.ListOptions{LabelSelector: p.selector, FieldSelector: "metadata.name=" + name}
	list, err := p.client.CoreV1().Pods(p.namespace).List(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("pod %s: %w", name, err)
	}
	for i := range list.Items {
		if list.Items[i].Name == name {
			return &list.Items[i], nil
		}
	}
	return nil, nil
}

// Where names a pod and its node, and what is wrong with the node if the user may see that. It takes ten seconds at most.
func (p *Pods) Where(ctx context.Context, name string) string {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	pod, err := p.Get(ctx, name)
	if err != nil || pod == nil || pod.Spec.NodeName == "" {
		return "pod " + name
	}
	where := "pod " + name + " on node " + pod.Spec.NodeName
	if fault := p.Nodes.Fault(ctx, pod.Spec.NodeName); fault != "" {
		where += ", which " + fault + ","
	}
	return where
}

// Fault is what is wrong with a node, and since when; "" if it is ready, or if the user may not see it.
func (n *Nodes) Fault(ctx context.Context, name string) string {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	node, err := n.client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return ""
	}
	for _, c := range node.Status.Conditions {
		if c.Type != corev1.NodeReady || c.Status == corev1.ConditionTrue {
			continue
		}
		since := ""
		if !c.LastTransitionTime.IsZero() {
			since = " since " + c.LastTransitionTime.UTC().Format("2006-01-02 15:04:05 UTC")
		}
		return fmt.Sprintf("is not ready%s (%s)", since, c.Message)
	}
	return ""
}
