package database

import (
	"context"
	"errors"
	"fmt"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/remote"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// Instances asks and changes the instances on the pods' volumes, by instances.sh.
type Instances struct{ remote *remote.Pods }

// Facts are those of the instances that belong in several pods, by their volumes and processes.
func (i *Instances) Facts(ctx context.Context, pods []PodDirs) (map[string]segments.PodFacts, error) {
	return askEach(ctx, i.remote, pods, func(pod PodDirs) segments.Command { return segments.Instances("facts", pod.Dirs...) },
		segments.ParsePodFacts)
}

// ExpansionFacts are what several pods have of an expansion.
func (i *Instances) ExpansionFacts(ctx context.Context, pods []PodDirs) (map[string]segments.ExpansionFacts, error) {
	return askEach(ctx, i.remote, pods, func(pod PodDirs) segments.Command { return segments.ExpandScript("facts", pod.Dirs...) },
		segments.ParseExpansionFacts)
}

// askEach asks all pods at once, and gives their answers by pod.
func askEach[F any](ctx context.Context, r *remote.Pods, pods []PodDirs, command func(PodDirs) segments.Command,
	parse func(string) (F, error)) (map[string]F, error) {
	answers := make([]F, len(pods))
	err := engine.Each(ctx, pods, func(ctx context.Context, n int, pod PodDirs) error {
		out, err := r.Run(ctx, pod.Pod, command(pod))
		if err == nil {
			answers[n], err = parse(out)
		}
		return err
	})
	byPod := map[string]F{}
	for n, pod := range pods {
		byPod[pod.Pod] = answers[n]
	}
	return byPod, err
}

// Prepare makes the places of instances, and marks the volumes as being initialised. It fails where a data directory exists.
func (i *Instances) Prepare(ctx context.Context, pods []PodDirs) error {
	return i.each(ctx, "prepare", pods)
}

// ClearUnfinished removes what an interrupted initialisation has left. It fails where the instances are complete.
func (i *Instances) ClearUnfinished(ctx context.Context, pods []PodDirs) error {
	return i.each(ctx, "clear", pods)
}

// MarkComplete marks the pods' volumes: the instances there are complete.
func (i *Instances) MarkComplete(ctx context.Context, pods []PodDirs) error {
	return i.each(ctx, "finish", pods)
}

// StopInstances has each pod stop its own instances.
func (i *Instances) StopInstances(ctx context.Context, pods []PodDirs) error {
	return i.each(ctx, "stop", pods)
}

// each calls a verb of instances.sh in several pods at once.
func (i *Instances) each(ctx context.Context, verb string, pods []PodDirs) error {
	return engine.Each(ctx, pods, func(ctx context.Context, _ int, pod PodDirs) error {
		_, err := i.remote.Run(ctx, pod.Pod, segments.Instances(verb, pod.Dirs...))
		return err
	})
}

// Everywhere calls a verb of instances.sh on the hosts of several pods at once, over ssh from a coordinator's pod, and gives what they
// printed by pod. It takes one exec instead of one for each pod. A call that failed is an error.
func (i *Instances) Everywhere(ctx context.Context, from, verb string, pods []PodDirs, stdin string) (map[string]string, error) {
	return i.everywhere(ctx, from, "instances.sh", verb, pods, stdin)
}

// everywhere is Everywhere for another script.
func (i *Instances) everywhere(ctx context.Context, from, script, verb string, pods []PodDirs, stdin string) (map[string]string, error) {
	replies, err := i.replies(ctx, from, script, verb, pods, stdin)
	printed := map[string]string{}
	for _, pod := range pods {
		reply := replies[pod.Pod]
		printed[pod.Pod] = reply.Out
		err = errors.Join(err, failed(reply, script, verb, pod))
	}
	return printed, err
}

// replies are what a verb of a script prints on the hosts of several pods, by pod.
func (i *Instances) replies(ctx context.Context, from, script, verb string, pods []PodDirs, stdin string) (map[string]segments.Reply,
	error) {
	if len(pods) == 0 {
		return nil, nil
	}
	calls := make([]segments.Call, len(pods))
	for n, pod := range pods {
		calls[n] = segments.Call{Host: pod.Host, Args: pod.Dirs}
	}
	out, err := i.remote.Run(ctx, from, segments.Everywhere(script, verb, calls, stdin))
	if err != nil {
		return nil, err
	}
	byHost, err := segments.ParseEverywhere(out, calls)
	if err != nil {
		return nil, fmt.Errorf("in pod %s: %w", from, err)
	}
	byPod := map[string]segments.Reply{}
	for _, pod := range pods {
		byPod[pod.Pod] = byHost[pod.Host]
	}
	return byPod, nil
}

// failed is the error of a call that did not succeed.
func failed(reply segments.Reply, script, verb string, pod PodDirs) error {
	if reply.Status == 0 {
		return nil
	}
	argv := segments.Script(script, append([]string{verb}, pod.Dirs...)...).Argv
	return &remote.Error{Pod: pod.Pod, Argv: argv, Status: reply.Status, Output: reply.Out}
}

// files are those that the verb check of a script finds on the hosts of several pods, such as /greenplum/primary/gpseg0/pg_hba.conf in pod
// demo-primary-0, asked from a coordinator's pod.
func (i *Instances) files(ctx context.Context, from, script string, of hbaKind, parse func(string) ([]string, error)) ([]string, error) {
	printed, err := i.everywhere(ctx, from, script, "check", of.pods, of.hba)
	if err != nil {
		return nil, err
	}
	return filesIn(of.pods, printed, parse)
}

// filesIn are the files that pods have printed, each with its pod. A pod that has printed nothing was not reached.
func filesIn(pods []PodDirs, printed map[string]string, parse func(string) ([]string, error)) (files []string, err error) {
	for _, pod := range pods {
		out, reached := printed[pod.Pod]
		if !reached {
			continue
		}
		found, err := parse(out)
		if err != nil {
			return nil, fmt.Errorf("pod %s: %w", pod.Pod, err)
		}
		for _, file := range found {
			files = append(files, file+" in pod "+pod.Pod)
		}
	}
	return files, nil
}

// FactsFrom are Facts, asked from a coordinator's pod.
func (i *Instances) FactsFrom(ctx context.Context, from string, pods []PodDirs) (map[string]segments.PodFacts, error) {
	printed, err := i.Everywhere(ctx, from, "facts", pods, "")
	if err != nil {
		return nil, err
	}
	facts := map[string]segments.PodFacts{}
	for _, pod := range pods {
		if facts[pod.Pod], err = segments.ParsePodFacts(printed[pod.Pod]); err != nil {
			return nil, fmt.Errorf("pod %s: %w", pod.Pod, err)
		}
	}
	return facts, nil
}

// PodDirs is a pod with its host, where that is asked, and the data directories of its instances.
type PodDirs struct {
	Pod, Host string
	Dirs      []string
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
			pods = append(pods, PodDirs{Pod: instance.Pod, Host: instance.Host})
		}
		pods[i].Dirs = append(pods[i].Dirs, instance.Dir)
	}
	return pods
}

// DirsOf are the pods of rows, with the rows' directories.
func DirsOf(rows []segments.Row) []PodDirs {
	var instances []topology.Instance
	for _, row := range rows {
		instances = append(instances, topology.Instance{Pod: row.Pod(), Dir: row.Dir})
	}
	return ByPod(instances)
}

// PodNames are the names of pods.
func PodNames(pods []PodDirs) []string {
	names := make([]string, len(pods))
	for i, pod := range pods {
		names[i] = pod.Pod
	}
	return names
}
