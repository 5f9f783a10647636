package database

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/remote"
	"gpk/pkg/segments"
)

// Utilities runs Greenplum's utilities as durable jobs, and knows when and how gpstart can start the database.
type Utilities struct {
	remote       *remote.Pods
	pods         *pods.Pods
	coordinators *Coordinators
	instances    *Instances
}

// Run starts a utility as a durable job and follows it until it ends. A utility that failed is a UtilityError. One that an earlier gpk
// has started and that still runs is followed instead: the step's Check finds whether it did what is wanted now.
func (u *Utilities) Run(ctx context.Context, pod, name string, utility segments.Utility, progress func(string)) error {
	j := u.remote.Job(pod, name)
	already, err := j.Start(ctx, utility)
	if err != nil {
		return err
	}
	if already {
		progress("attaching to " + utility.Argv[0] + ", which is running")
	}
	return u.Follow(ctx, j, utility.Argv[0], progress)
}

// Follow waits for the end of a job that this or another gpk has started.
func (u *Utilities) Follow(ctx context.Context, j remote.Job, utility string, progress func(string)) error {
	status, err := j.Finish(ctx, progress)
	if err != nil || status == 0 {
		return err
	}
	failure := &UtilityError{Pod: j.Pod, Utility: utility, Status: status, Causes: u.causes(ctx, j.Pod)}
	if len(failure.Causes) == 0 {
		failure.Causes = []string{j.Tail(ctx)}
	}
	return failure
}

// UtilityError is a utility that ended with an exit status that means failure.
type UtilityError struct {
	Pod, Utility string
	Status       int
	// Causes are lines about it from the logs of the cluster's pods.
	Causes []string
}

// Error names the pod and the utility, and has a line for each cause.
func (e *UtilityError) Error() string {
	return fmt.Sprintf("in pod %s: %s: exit status %d\n  %s", e.Pod, e.Utility, e.Status, strings.Join(e.Causes, "\n  "))
}

// The bounds of the search for causes: the pods, the time, and the lines.
const (
	mostAsked  = 64
	causesTime = 20 * time.Second
	mostCauses = 12
)

// rank puts first why a server did not start: other errors follow from that, or are older.
func rank(cause string) int {
	if strings.Contains(cause, "startup.log: ") && (strings.Contains(cause, "FATAL") || strings.Contains(cause, "PANIC")) {
		return 0
	}
	return 1
}

// causes are the pods' log lines about the failure: why a server did not start, then those of the utility's own pod. gpk asks no other
// pod in a large cluster.
func (u *Utilities) causes(ctx context.Context, first string) []string {
	ctx, cancel := context.WithTimeout(ctx, causesTime)
	defer cancel()
	asked := []string{first}
	if list, err := u.pods.List(ctx); err == nil && len(list) <= mostAsked {
		for i := range list {
			if list[i].Name != first && pods.Running(&list[i]) {
				asked = append(asked, list[i].Name)
			}
		}
	}
	answers := make([][]string, len(asked))
	_ = engine.Each(ctx, asked, func(ctx context.Context, i int, pod string) error {
		if out, err := u.remote.Run(ctx, pod, segments.Why()); err == nil {
			for _, line := range segments.ParseWhy(out) {
				answers[i] = append(answers[i], pod+": "+line)
			}
		}
		return nil
	})
	causes := slices.Concat(answers...)
	slices.SortStableFunc(causes, func(a, b string) int { return cmp.Compare(rank(a), rank(b)) })
	return causes[:min(len(causes), mostCauses)]
}
