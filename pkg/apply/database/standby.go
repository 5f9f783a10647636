package database

import (
	"context"

	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// Standby asks the standby's pod, which gpk needs most when no coordinator answers.
type Standby struct {
	remote *remote.Pods
	store  *record.Store
}

// Promoted reports whether gpk decided that the standby of a pod acts, and gpactivatestandby has activated it. It may not answer
// yet: it waits until mirrors have taken over for the primaries that are lost.
func (s *Standby) Promoted(ctx context.Context, pod string, f segments.Following) (bool, error) {
	state, err := s.store.State(ctx)
	return state[plan.StateCoordinator] == pod && f.Instance == segments.Running && !f.Follows, err
}

// Following asks the standby's pod how far it has followed the coordinator.
func (s *Standby) Following(ctx context.Context, pod string) (segments.Following, error) {
	out, err := s.remote.RunSoon(ctx, pod, segments.AskStandby(), AskTimeout)
	if err != nil {
		return segments.Following{}, err
	}
	return segments.ParseFollowing(out)
}
