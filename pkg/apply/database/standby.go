package database

import (
	"context"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// Promoted says whether the standby of a pod has been activated and does not answer yet: it waits for segments until the
// mirrors of those that are lost have taken over.
func (d *Database) Promoted(ctx context.Context, pod string, f segments.Following) (bool, error) {
	state, err := d.store.State(ctx)
	return state[plan.StateCoordinator] == pod && f.Instance == "running" && !f.Follows, err
}

// Following asks the standby's pod.
func (d *Database) Following(ctx context.Context, pod string) (segments.Following, error) {
	out, err := d.remote.RunSoon(ctx, pod, segments.AskStandby(), AskTime)
	if err != nil {
		return segments.Following{}, err
	}
	return segments.ParseFollowing(out)
}

// UnfinishedCluster is the answer where create has not come to its end.
func UnfinishedCluster() engine.Finding {
	return engine.Finding{State: engine.Blocked, Details: []string{"the cluster has not been made to the end"},
		Next: engine.Next(plan.Gpk("create", "-f", "cluster.yaml"), " goes on with it")}
}
