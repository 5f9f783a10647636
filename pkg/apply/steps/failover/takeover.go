package failover

import (
	"context"
	"errors"
	"fmt"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
)

var errNoStandby = errors.New("there is no standby to take over")

// Takeover is the failover that is possible now: from the pod of the coordinator, acting or not, to that of its standby. healthy
// reports whether the coordinator answers.
func (o *OldCoordinator) Takeover(ctx context.Context, both []string) (from, to string, healthy bool, err error) {
	if len(both) != 2 {
		return "", "", false, &engine.NextError{Err: errNoStandby,
			Next: engine.Next("restart the coordinator's pod if it does not answer; spec.coordinator.standby gives the next cluster a standby")}
	}
	other := map[string]string{both[0]: both[1], both[1]: both[0]}
	acting, err := o.db.Acting(ctx)
	if err == nil {
		return acting.Pod, other[acting.Pod], true, nil
	}
	if !errors.Is(err, database.ErrNoCoordinator) {
		return "", "", false, err
	}
	begun, from, err := o.Begun(ctx)
	if err != nil {
		return "", "", false, err
	}
	if begun {
		return other[from], from, false, nil
	}
	if other[from] == "" {
		return "", "", false, &engine.NextError{Err: fmt.Errorf("the creation of the cluster is unfinished: %w", errNoStandby),
			Next: engine.Next(plan.Gpk("create", "-f", "cluster.yaml"))}
	}
	return from, other[from], false, nil
}

// Begun reports whether a takeover is unfinished and its standby is not activated, as far as its pod answers, and names the pod that
// must act.
func (o *OldCoordinator) Begun(ctx context.Context) (begun bool, mustAct string, err error) {
	state, err := o.store.State(ctx)
	if err != nil || state[plan.StateCoordinator] == "" {
		return false, "", err
	}
	mustAct = state[plan.StateCoordinator]
	following, err := o.db.Following(ctx, mustAct)
	return err == nil && following.Follows, mustAct, nil
}
