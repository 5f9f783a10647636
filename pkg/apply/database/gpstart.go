package database

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// Gpstart is how the database is started in a coordinator's pod: for superusers only as long as an expansion's setup has not come to
// its end, since it can neither be finished nor be taken back while no coordinator answers.
func (d *Database) Gpstart(ctx context.Context, pod string, coordinators []string, patience time.Duration, progress func(string)) (
	segments.Utility, error) {
	facts, err := d.ExpansionFacts(ctx, []PodDirs{{Pod: pod}})
	if err != nil {
		return segments.Utility{}, err
	}
	gpstart, err := d.gpstartOf(ctx, pod, coordinators, patience, progress)
	if err == nil && facts[pod].Setup != segments.NoSetup {
		progress("the setup of an expansion has not come to its end: starting for superusers only; " +
			"`gpk expand --resume` or `gpk expand --rollback`, and then `gpk restart`, let the others in")
		gpstart = segments.Restricted(gpstart)
	}
	return gpstart, err
}

// gpstartOf leaves the standby out where nobody reaches that, since gpstart would ask a person then whether it has been activated. What
// gpk has decided answers that: it activates none without noting before which pod is to act. One that was activated by hand is seen
// wherever its pod answers. coordinators are the hosts of both; patience is for pods that have just been made.
func (d *Database) gpstartOf(ctx context.Context, pod string, coordinators []string, patience time.Duration, progress func(string)) (
	segments.Utility, error) {
	for _, host := range coordinators {
		if segments.PodOf(host) == pod {
			continue
		}
		away, err := d.standbyAway(ctx, pod, host, patience, progress)
		if err != nil || !away {
			return segments.Gpstart(), err
		}
		progress("starting without the standby in pod " + segments.PodOf(host) + ", which cannot be reached: gpk recover brings it back")
		return segments.GpstartAlone(), nil
	}
	return segments.Gpstart(), nil
}

// standbyAway says whether the standby on a host is out of reach, and is nothing but a standby as far as can be known.
func (d *Database) standbyAway(ctx context.Context, pod, host string, patience time.Duration, progress func(string)) (bool, error) {
	var failure error
	err := engine.Until(ctx, patience, progress, func() ([]string, error) {
		out, err := d.remote.Run(ctx, pod, segments.TryHosts([]string{host}))
		failure = err
		return segments.Unreachable(out, []string{host}), err
	}, "%s")
	if ctx.Err() != nil || failure != nil || err == nil {
		return false, err
	}
	state, err := d.store.State(ctx)
	if err != nil || state[plan.StateCoordinator] != pod {
		return false, err
	}
	return d.onlyFollows(ctx, segments.PodOf(host), pod)
}

// onlyFollows says whether nothing is known of an activation of the standby in a pod. One that cannot be asked either is taken not
// to have been activated.
func (d *Database) onlyFollows(ctx context.Context, standby, acts string) (bool, error) {
	if runs, err := d.pods.Runs(ctx, standby); err != nil || !runs || d.IsLost(standby) {
		return err == nil, err
	}
	out, err := d.remote.RunSoon(ctx, standby, segments.AskStandby(), AskTime)
	var exit *remote.Error
	if err != nil && !errors.As(err, &exit) {
		return ctx.Err() == nil, context.Cause(ctx)
	}
	f, err := segments.ParseFollowing(out)
	switch {
	case err != nil:
		return false, fmt.Errorf("pod %s: %w", standby, err)
	case f.Instance != "absent" && !f.Follows:
		return false, &engine.NextError{Err: fmt.Errorf("the standby in pod %s has been activated, while pod %s is to act: nothing was started",
			standby, acts),
			Next: engine.Next("move " + topology.CoordinatorDir + " aside in the pod of the one that is to be given up, and run the same command again")}
	}
	return true, nil
}
