package database

import (
	"context"
	"errors"
	"fmt"

	"gpk/pkg/apply/remote"
	"gpk/pkg/segments"
)

// Severed is what Sever has done on the hosts that it was given.
type Severed struct {
	// Sessions is how many have ended, in all.
	Sessions int
	// Reached are the hosts that answered: ssh did not reach the others.
	Reached []string
	// Remaining are the primaries in which sessions go on or that do not answer, each with its pod.
	Remaining []string
}

// Sever ends all sessions that came to the primaries on some hosts over the network: a coordinator's. The mirrors go on following. It goes
// by ssh from a coordinator's pod.
func (i *Instances) Sever(ctx context.Context, from string, hosts []string) (s Severed, err error) {
	pods := make([]PodDirs, len(hosts))
	for n, host := range hosts {
		pods[n] = PodDirs{Pod: segments.PodOf(host), Host: host}
	}
	replies, err := i.replies(ctx, from, "instances.sh", segments.Sever, pods, "")
	if err != nil {
		return Severed{}, err
	}
	for _, pod := range pods {
		reply := replies[pod.Pod]
		if reply.Unreached() {
			continue
		}
		if err := failed(reply, "instances.sh", segments.Sever, pod); err != nil {
			return Severed{}, err
		}
		severed, err := segments.ParseSevered(reply.Out)
		if err != nil {
			return Severed{}, fmt.Errorf("pod %s: %w", pod.Pod, err)
		}
		s.Reached = append(s.Reached, pod.Host)
		s.Sessions += severed.Sessions
		for _, primary := range severed.Remaining {
			s.Remaining = append(s.Remaining, "in pod "+pod.Pod+", "+primary)
		}
	}
	return s, nil
}

// SeversNone says whether a pod has refused to sever because its scripts are those of an earlier gpk.
func SeversNone(err error) bool {
	exit, ok := errors.AsType[*remote.Error](err)
	return ok && exit.UnknownVerb()
}
