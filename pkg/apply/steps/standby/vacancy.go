package standby

import (
	"context"
	"time"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// vacancy is create's finding: whether the standby's place is free. A coordinator's data there may be the only good copy.
func (h *handler) vacancy(ctx context.Context, acting database.Acting, place topology.Instance) (engine.Finding, error) {
	row, found := acting.Catalogue.Standby()
	if !found && place.Pod == "" {
		return engine.BlockedBy("the coordinator is in pod "+acting.Pod+" since a failover, and there is no standby",
			plan.Gpk("recover"), " makes a standby in the other pod"), nil
	}
	state, err := h.remote.Job(acting.Pod, job).State(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	if state.Phase == "running" {
		return engine.PendingIf([]string{"gpinitstandby is running since " + state.Since}), nil
	}
	if down, err := h.pods.NotRunning(ctx, []string{place.Pod}); err != nil || len(down) > 0 {
		return engine.Finding{State: engine.Unknown, Details: down}, err
	}
	facts, err := h.db.Facts(ctx, dirsOf(place))
	if err != nil {
		return engine.Finding{}, err
	}
	on := facts[place.Pod]
	// gpinitsystem marks the volume too, and makes no standby.
	begun := on.Marker == segments.Initialised || on.Marker == segments.Initialising && state.Phase != "absent"
	if !found && !begun && !on.Present() {
		h.seenEmpty = time.Now()
	}
	switch {
	case found && on.Marker == segments.Initialised:
		return engine.Finding{State: engine.Done}, nil
	case found && row.InSync():
		return engine.PendingIf([]string{"the standby is in sync, and its volume is not marked as complete"}), nil
	case on.Marker == segments.Initialised, on.Marker == segments.NotInitialised && on.Present():
		return engine.BlockedBy("the catalogue has no standby, but the volume of pod "+place.Pod+" holds a coordinator's data",
			"make sure that nobody needs that data, move it aside in the pod, and run the same command again"), nil
	}
	return engine.PendingIf([]string{"there is no standby"}), nil
}

func dirsOf(place topology.Instance) []database.PodDirs {
	return []database.PodDirs{{Pod: place.Pod, Dirs: []string{place.Dir}}}
}
