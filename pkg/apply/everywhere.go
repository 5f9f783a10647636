package apply

import (
	"context"
	"errors"
	"fmt"

	"gpk/pkg/apply/remote"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// hostDirs is the host of a pod with the data directories of its instances.
type hostDirs struct {
	podDirs
	host string
}

// byHost is byPod with the hosts.
func byHost(instances []topology.Instance) []hostDirs {
	hosts := map[string]string{}
	for _, instance := range instances {
		hosts[instance.Pod] = instance.Host
	}
	var found []hostDirs
	for _, pod := range byPod(instances) {
		found = append(found, hostDirs{pod, hosts[pod.pod]})
	}
	return found
}

// everywhere calls a verb of instances.sh on the hosts of several pods at once, over ssh from a coordinator's pod, and gives
// what they printed by pod. That takes one exec instead of one for each pod. A call that failed is an error.
func (t *Target) everywhere(ctx context.Context, from, verb string, pods []hostDirs, stdin string) (map[string]string, error) {
	if len(pods) == 0 {
		return nil, nil
	}
	calls := make([]segments.Call, len(pods))
	for i, pod := range pods {
		calls[i] = segments.Call{Host: pod.host, Args: pod.dirs}
	}
	out, err := t.remote.Run(ctx, from, segments.Everywhere("instances.sh", verb, calls, stdin))
	if err != nil {
		return nil, err
	}
	replies, err := segments.ParseEverywhere(out, calls)
	if err != nil {
		return nil, fmt.Errorf("in pod %s: %w", from, err)
	}
	said := map[string]string{}
	for _, pod := range pods {
		reply := replies[pod.host]
		said[pod.pod] = reply.Out
		if reply.Status != 0 {
			argv := segments.Instances(verb, pod.dirs...).Argv
			err = errors.Join(err, &remote.Error{Pod: pod.pod, Argv: argv, Status: reply.Status, Output: reply.Out})
		}
	}
	return said, err
}

// factsFrom are the facts of several pods, asked from a coordinator's pod.
func (t *Target) factsFrom(ctx context.Context, from string, pods []hostDirs) (map[string]segments.PodFacts, error) {
	said, err := t.everywhere(ctx, from, "facts", pods, "")
	if err != nil {
		return nil, err
	}
	facts := map[string]segments.PodFacts{}
	for _, pod := range pods {
		if facts[pod.pod], err = segments.ParsePodFacts(said[pod.pod]); err != nil {
			return nil, fmt.Errorf("pod %s: %w", pod.pod, err)
		}
	}
	return facts, nil
}
