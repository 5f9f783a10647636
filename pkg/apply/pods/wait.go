package pods

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/apply/engine"
)

func (p *Pods) Wait(ctx context.Context, names []string, fine func(*corev1.Pod) bool, progress func(string)) error {
	last, told := -1, ""
	var waiting []string
	var still stuck
	err := p.Await(ctx, func(pods map[string]*corev1.Pod) (bool, error) {
		for _, name := range names {
			if err := Hopeless(pods[name]); err != nil {
				return false, err
			}
		}
		now := time.Now()
		p.askEvents(ctx, &still, names, pods, now)
		if found := still.find(names, pods, now); found != nil {
			return false, p.stuckError(ctx, found)
		}
		waiting = Unfinished(still.foremost(names), pods, fine, still.condition)
		if len(waiting) > 0 && (len(waiting) != last || still.first != "" && waiting[0] != told) {
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

// PodPatience is how long pods that have just been made, or whose node has come back, get to run.
const PodPatience = time.Minute
