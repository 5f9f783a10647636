package pods

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/apply/engine"
)

// PodPatience is how long new pods, or pods whose node is up again, get to run.
const PodPatience = time.Minute

// Wait waits until all of the pods are done, such as Running or Ready. It ends with an error if a pod cannot start, or if nothing happens
// to one for too long.
func (p *Pods) Wait(ctx context.Context, names []string, done func(*corev1.Pod) bool, progress func(string)) error {
	last, told := -1, ""
	var waiting []string
	var stalled stalls
	err := p.Watch.Await(ctx, func(pods map[string]*corev1.Pod) (bool, error) {
		for _, name := range names {
			if err := CannotStart(pods[name]); err != nil {
				return false, err
			}
		}
		now := time.Now()
		stalled.askEvents(ctx, p.kube, names, pods, now)
		if found := stalled.find(names, pods, now); found != nil {
			return false, stalledError(ctx, p, found)
		}
		waiting = Unfinished(stalled.foremostFirst(names), pods, done, stalled.condition)
		if len(waiting) > 0 && (len(waiting) != last || stalled.foremost != "" && waiting[0] != told) {
			last, told = len(waiting), waiting[0]
			progress(fmt.Sprintf("%d of %d pods; %s", len(names)-len(waiting), len(names), told))
		}
		return len(waiting) == 0, nil
	})
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("%w while waiting: %s", err, engine.FirstOf(waiting))
	}
	return err
}
