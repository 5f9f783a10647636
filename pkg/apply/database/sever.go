package database

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gpk/pkg/apply/remote"
	"gpk/pkg/segments"
)

// Severed is what Sever has done on the hosts that it was given.
type Severed struct {
	// Sessions is how many have ended, in all.
	Sessions int
	// Reached are the hosts that answered: ssh did not reach the others.
	Reached []string
	// Remaining are the primaries in which sessions go on or that do not answer, and the pods that have failed, each with its pod.
	Remaining []string
	// Older are the pods with the scripts of an earlier gpk, which end no sessions.
	Older []string
}

// Sever ends all sessions that came to the primaries on some hosts over the network: a coordinator's. The mirrors go on following. It goes
// by ssh from a coordinator's pod. Nothing of it goes on in the pods after the limit.
func (i *Instances) Sever(ctx context.Context, from string, hosts []string, limit time.Duration) (s Severed, err error) {
	if len(hosts) == 0 {
		return Severed{}, nil
	}
	calls := make([]segments.Call, len(hosts))
	for n, host := range hosts {
		calls[n] = segments.Call{Host: host}
	}
	out, err := i.remote.Run(ctx, from, segments.EverywhereWithin(limit, "instances.sh", segments.Sever, calls))
	if err != nil {
		return Severed{}, err
	}
	replies, err := segments.ParseEverywhere(out, calls)
	if err != nil {
		return Severed{}, fmt.Errorf("in pod %s: %w", from, err)
	}
	for _, host := range hosts {
		if reply := replies[host]; !reply.Unreached() {
			s.Reached = append(s.Reached, host)
			s.add(segments.PodOf(host), reply)
		}
	}
	return s, nil
}

// add is what one pod has done.
func (s *Severed) add(pod string, reply segments.Reply) {
	err := failed(reply, "instances.sh", segments.Sever, PodDirs{Pod: pod})
	if exit, ok := errors.AsType[*remote.Error](err); ok && exit.UnknownVerb() {
		s.Older = append(s.Older, pod)
		return
	}
	severed, unreadable := segments.ParseSevered(reply.Out)
	if err = errors.Join(err, unreadable); err != nil {
		s.Remaining = append(s.Remaining, fmt.Sprintf("pod %s: %v", pod, err))
		return
	}
	s.Sessions += severed.Sessions
	for _, primary := range severed.Remaining {
		s.Remaining = append(s.Remaining, "in pod "+pod+", "+primary)
	}
}
