package pods

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/apply/engine"
)

// settled says whether Kubernetes has no doubts about a pod. It doubts the pods of a node that it has not heard of for a while, whose
// containers' statuses stay as they were.
func settled(pod *corev1.Pod) bool {
	return pod.DeletionTimestamp == nil && slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// nodeFaults are the faults of the nodes of pods, by node. It asks for the nodes of doubtful pods only, all at once.
func (p *Pods) nodeFaults(ctx context.Context, pods []corev1.Pod) map[string]string {
	doubtful := map[string]bool{}
	for i := range pods {
		if node := pods[i].Spec.NodeName; node != "" && !settled(&pods[i]) {
			doubtful[node] = true
		}
	}
	nodes := slices.Sorted(maps.Keys(doubtful))
	found := make([]string, len(nodes))
	_ = engine.Each(ctx, nodes, func(ctx context.Context, i int, node string) error {
		found[i] = p.remote.Nodes.Fault(ctx, node)
		return nil
	})
	faults := map[string]string{}
	for i, node := range nodes {
		if found[i] != "" {
			faults[node] = found[i]
		}
	}
	return faults
}

// LostNodes says in words which nodes of pods are lost, since when, and which of the pods each has.
func (p *Pods) LostNodes(ctx context.Context, pods []corev1.Pod) []string {
	faults := p.nodeFaults(ctx, pods)
	var lost []string
	for _, node := range slices.Sorted(maps.Keys(faults)) {
		var on []string
		for i := range pods {
			if pods[i].Spec.NodeName == node {
				on = append(on, pods[i].Name)
			}
		}
		lost = append(lost, fmt.Sprintf("node %s %s; it has the pods %s", node, faults[node], strings.Join(on, ", ")))
	}
	return lost
}

// Lost are those of some pods that do not come back by themselves, in their order: their node is lost, or they should be gone for two
// minutes or more. There are none where gpk cannot list the pods.
func (p *Pods) Lost(ctx context.Context, names []string) []string {
	list, err := p.List(ctx)
	if err != nil {
		return nil
	}
	list = slices.DeleteFunc(list, func(pod corev1.Pod) bool { return !slices.Contains(names, pod.Name) })
	faults := p.nodeFaults(ctx, list)
	var lost []string
	for i := range list {
		if faults[list[i].Spec.NodeName] != "" && !settled(&list[i]) || overdue(&list[i]) {
			lost = append(lost, list[i].Name)
		}
	}
	slices.SortFunc(lost, func(a, b string) int { return slices.Index(names, a) - slices.Index(names, b) })
	return lost
}

// ByForce is advice about lost pods. It begins with the node: a pod that is deleted by force may run on there, with its database.
func (p *Pods) ByForce(names ...string) engine.Advice {
	nodes := "its node is"
	if len(names) > 1 {
		nodes = "their nodes are"
	}
	return engine.Next(fmt.Sprintf("make sure that %s off, then `kubectl delete pod -n %s %s --force`", nodes, p.kube.Ref.Namespace,
		strings.Join(names, " ")))
}
