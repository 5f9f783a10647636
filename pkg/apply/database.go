package apply

import (
	"context"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// facts asks several pods what their volumes and processes say of the instances that belong there.
func (t *Target) facts(ctx context.Context, pods []podDirs) (map[string]segments.PodFacts, error) {
	answers := make([]segments.PodFacts, len(pods))
	err := each(ctx, pods, func(ctx context.Context, i int, pod podDirs) error {
		out, err := t.remote.Run(ctx, pod.pod, segments.Instances("facts", pod.dirs...))
		if err == nil {
			answers[i], err = segments.ParsePodFacts(out)
		}
		return err
	})
	byPod := map[string]segments.PodFacts{}
	for i, pod := range pods {
		byPod[pod.pod] = answers[i]
	}
	return byPod, err
}

// podDirs is a pod with the data directories of its instances.
type podDirs struct {
	pod  string
	dirs []string
}

// byPod groups instances by their pod, in the order of the topology.
func byPod(instances []topology.Instance) []podDirs {
	var pods []podDirs
	at := map[string]int{}
	for _, instance := range instances {
		i, found := at[instance.Pod]
		if !found {
			i = len(pods)
			at[instance.Pod] = i
			pods = append(pods, podDirs{pod: instance.Pod})
		}
		pods[i].dirs = append(pods[i].dirs, instance.Dir)
	}
	return pods
}

// instances calls a verb of instances.sh in several pods at once.
func (t *Target) instances(ctx context.Context, verb string, pods []podDirs) error {
	return each(ctx, pods, func(ctx context.Context, _ int, pod podDirs) error {
		_, err := t.remote.Run(ctx, pod.pod, segments.Instances(verb, pod.dirs...))
		return err
	})
}

// Pods lists the cluster's pods.
func (t *Target) Pods(ctx context.Context) ([]corev1.Pod, error) {
	list, err := t.client.CoreV1().Pods(t.Ref.Namespace).List(ctx, t.listOptions())
	if err != nil {
		return nil, fmt.Errorf("pods: %w", err)
	}
	return list.Items, nil
}

// Clusters are the names of the clusters in a namespace, in order: those that gpk keeps a record of, and those of which
// delete has left the volumes. Who may not list volume claims is told of the first only: the others have nothing to ask.
func Clusters(ctx context.Context, t *Target) ([]string, error) {
	managed := metav1.ListOptions{LabelSelector: plan.ManagedSelector}
	records, err := t.client.CoreV1().ConfigMaps(t.Ref.Namespace).List(ctx, managed)
	if err != nil {
		return nil, fmt.Errorf("the records of clusters: %w", err)
	}
	claims, err := t.client.CoreV1().PersistentVolumeClaims(t.Ref.Namespace).List(ctx, managed)
	if err := unlessForbidden("the volumes of clusters", err); err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for _, item := range records.Items {
		if name := plan.ClusterOf(&item); item.Name == recordName(name) {
			found[name] = true
		}
	}
	for _, item := range claims.Items {
		found[plan.ClusterOf(&item)] = true
	}
	return slices.Sorted(maps.Keys(found)), nil
}
