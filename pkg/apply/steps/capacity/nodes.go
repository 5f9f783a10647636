package capacity

import (
	"context"
	"fmt"
	"math"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/kube"
	"gpk/pkg/plan"
)

// nodes are the nodes and what runs on them, as far as the user may see that.
type nodes struct {
	// all is nil if the user may not list nodes.
	all     []corev1.Node
	running []corev1.Pod
	// onlyHere: the user may not list pods of other namespaces.
	onlyHere bool
	// faults are priority classes that are missing.
	faults []string
}

// readNodes reads the nodes, and the pods that hold something on them. Pods of a lower priority than ours hold nothing: the scheduler
// preempts them.
func readNodes(ctx context.Context, k *kube.Client, sets []*appsv1.StatefulSet) (n nodes, err error) {
	list, err := k.API.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return n, kube.UnlessForbidden("nodes", err)
	}
	n.all = append([]corev1.Node{}, list.Items...)
	unfinished := metav1.ListOptions{FieldSelector: "status.phase!=Succeeded,status.phase!=Failed"}
	pods, err := k.API.CoreV1().Pods(metav1.NamespaceAll).List(ctx, unfinished)
	if apierrors.IsForbidden(err) {
		n.onlyHere = true
		pods, err = k.API.CoreV1().Pods(k.Ref.Namespace).List(ctx, unfinished)
	}
	if err != nil {
		return n, fmt.Errorf("pods: %w", err)
	}
	lowest, err := n.lowestPriority(ctx, k, sets)
	for i := range pods.Items {
		pod := &pods.Items[i]
		ours := pod.Namespace == k.Ref.Namespace && plan.ClusterOf(pod) == k.Ref.Name
		if ours || pod.Spec.Priority == nil || *pod.Spec.Priority >= lowest {
			n.running = append(n.running, *pod)
		}
	}
	return n, err
}

// lowestPriority is the priority below which pods make room for ours. If the user may not read it, all others do, since a no must be
// certain.
func (n *nodes) lowestPriority(ctx context.Context, k *kube.Client, sets []*appsv1.StatefulSet) (int32, error) {
	lowest, read := int32(0), map[string]bool{"": true}
	for _, set := range sets {
		name := set.Spec.Template.Spec.PriorityClassName
		if read[name] {
			continue
		}
		read[name] = true
		class, err := k.API.SchedulingV1().PriorityClasses().Get(ctx, name, metav1.GetOptions{})
		switch {
		case apierrors.IsForbidden(err):
			lowest = math.MaxInt32
		case apierrors.IsNotFound(err):
			n.faults = append(n.faults, fmt.Sprintf("the priority class %q is missing, so no pod of %s can be made", name, set.Name))
		case err != nil:
			return 0, fmt.Errorf("priority class: %w", err)
		case class.PreemptionPolicy == nil || *class.PreemptionPolicy != corev1.PreemptNever:
			lowest = max(lowest, class.Value)
		}
	}
	return lowest, nil
}

// unseen says in one line what gpk could not check.
func (n *nodes) unseen() []string {
	switch {
	case n.all == nil:
		return []string{"gpk did not check whether the nodes have room: you may not list nodes"}
	case n.onlyHere:
		return []string{"gpk checked the room on the nodes without the pods of other namespaces: you may not list them"}
	}
	return nil
}
