package database

import (
	"context"
	"errors"
	"fmt"

	"gpk/pkg/apply/remote"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// HostDirs is the host of a pod with the data directories of its instances.
type HostDirs struct {
	PodDirs
	Host string
}

// ByHost is byPod with the hosts.
func ByHost(instances []topology.Instance) []HostDirs {
	hosts := map[string]string{}
	for _, instance := range instances {
		hosts[instance.Pod] = instance.Host
	}
	var found []HostDirs
	for _, pod := range ByPod(instances) {
		found = append(found, HostDirs{pod, hosts[pod.Pod]})
	}
	return found
}

// Everywhere calls a verb of instances.sh on the hosts of several pods at once, over ssh from a coordinator's pod, and gives
// what they printed by pod. That takes one exec instead of one for each pod. A call that failed is an error.
func (i *Instances) Everywhere(ctx context.Context, from, verb string, pods []HostDirs, stdin string) (map[string]string, error) {
	if len(pods) == 0 {
		return nil, nil
	}
	calls := make([]segments.Call, len(pods))
	for n, pod := range pods {
		calls[n] = segments.Call{Host: pod.Host, Args: pod.Dirs}
	}
	out, err := i.remote.Run(ctx, from, segments.Everywhere("instances.sh", verb, calls, stdin))
	if err != nil {
		return nil, err
	}
	replies, err := segments.ParseEverywhere(out, calls)
	if err != nil {
		return nil, fmt.Errorf("in pod %s: %w", from, err)
	}
	said := map[string]string{}
	for _, pod := range pods {
		reply := replies[pod.Host]
		said[pod.Pod] = reply.Out
		if reply.Status != 0 {
			argv := segments.Instances(verb, pod.Dirs...).Argv
			err = errors.Join(err, &remote.Error{Pod: pod.Pod, Argv: argv, Status: reply.Status, Output: reply.Out})
		}
	}
	return said, err
}

// FactsFrom are the facts of several pods, asked from a coordinator's pod.
func (i *Instances) FactsFrom(ctx context.Context, from string, pods []HostDirs) (map[string]segments.PodFacts, error) {
	said, err := i.Everywhere(ctx, from, "facts", pods, "")
	if err != nil {
		return nil, err
	}
	facts := map[string]segments.PodFacts{}
	for _, pod := range pods {
		if facts[pod.Pod], err = segments.ParsePodFacts(said[pod.Pod]); err != nil {
			return nil, fmt.Errorf("pod %s: %w", pod.Pod, err)
		}
	}
	return facts, nil
}
