package database

import (
	"context"

	"gpk/pkg/apply/engine"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// Facts asks several pods what their volumes and processes say of the instances that belong there.
func (i *Instances) Facts(ctx context.Context, pods []PodDirs) (map[string]segments.PodFacts, error) {
	answers := make([]segments.PodFacts, len(pods))
	err := engine.Each(ctx, pods, func(ctx context.Context, n int, pod PodDirs) error {
		out, err := i.remote.Run(ctx, pod.Pod, segments.Instances("facts", pod.Dirs...))
		if err == nil {
			answers[n], err = segments.ParsePodFacts(out)
		}
		return err
	})
	byPod := map[string]segments.PodFacts{}
	for n, pod := range pods {
		byPod[pod.Pod] = answers[n]
	}
	return byPod, err
}

// PodDirs is a pod with the data directories of its instances.
type PodDirs struct {
	Pod  string
	Dirs []string
}

// ByPod groups instances by their pod, in the order of the topology.
func ByPod(instances []topology.Instance) []PodDirs {
	var pods []PodDirs
	at := map[string]int{}
	for _, instance := range instances {
		i, found := at[instance.Pod]
		if !found {
			i = len(pods)
			at[instance.Pod] = i
			pods = append(pods, PodDirs{Pod: instance.Pod})
		}
		pods[i].Dirs = append(pods[i].Dirs, instance.Dir)
	}
	return pods
}

// Call calls a verb of instances.sh in several pods at once.
func (i *Instances) Call(ctx context.Context, verb string, pods []PodDirs) error {
	return engine.Each(ctx, pods, func(ctx context.Context, _ int, pod PodDirs) error {
		_, err := i.remote.Run(ctx, pod.Pod, segments.Instances(verb, pod.Dirs...))
		return err
	})
}

// ExpansionFacts asks pods, all at once, what they have of an expansion.
func (i *Instances) ExpansionFacts(ctx context.Context, pods []PodDirs) (map[string]segments.ExpansionFacts, error) {
	answers := make([]segments.ExpansionFacts, len(pods))
	err := engine.Each(ctx, pods, func(ctx context.Context, n int, pod PodDirs) error {
		out, err := i.remote.Run(ctx, pod.Pod, segments.ExpandScript("facts", pod.Dirs...))
		if err == nil {
			answers[n], err = segments.ParseExpansionFacts(out)
		}
		return err
	})
	facts := map[string]segments.ExpansionFacts{}
	for n, pod := range pods {
		facts[pod.Pod] = answers[n]
	}
	return facts, err
}

// PodNames are the names of pods.
func PodNames(pods []PodDirs) []string {
	names := make([]string, len(pods))
	for i, pod := range pods {
		names[i] = pod.Pod
	}
	return names
}

// PlacesOf are the pods of rows, with the directories of theirs.
func PlacesOf(rows []segments.Row) []PodDirs {
	var instances []topology.Instance
	for _, row := range rows {
		instances = append(instances, topology.Instance{Pod: row.Pod(), Dir: row.Dir})
	}
	return ByPod(instances)
}
