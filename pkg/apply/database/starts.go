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

// Gpstart is the utility that starts the database in a coordinator's pod. It lets in superusers only while the setup of an expansion is
// unfinished: that needs a coordinator that answers. coordinators are the hosts of both; patience is for pods that were just created.
func (u *Utilities) Gpstart(ctx context.Context, pod string, coordinators []string, patience time.Duration, progress func(string)) (
	segments.Utility, error) {
	facts, err := u.instances.ExpansionFacts(ctx, []PodDirs{{Pod: pod}})
	if err != nil {
		return segments.Utility{}, err
	}
	gpstart, err := u.forStandby(ctx, pod, coordinators, patience, progress)
	if err == nil && facts[pod].Setup != segments.NoSetup {
		progress("the setup of an expansion is unfinished: starting for superusers only; to let the other users in, run " +
			"`gpk expand --resume` or `gpk expand --rollback`, and then `gpk restart`")
		gpstart = segments.Restricted(gpstart)
	}
	return gpstart, err
}

// forStandby leaves out a standby that cannot be reached: gpstart would ask a person whether that has been activated. gpk knows: it
// records a decision before it activates one. If a person has activated it by hand, its pod shows that, as long as it answers.
func (u *Utilities) forStandby(ctx context.Context, pod string, coordinators []string, patience time.Duration, progress func(string)) (
	segments.Utility, error) {
	for _, host := range coordinators {
		if segments.PodOf(host) == pod {
			continue
		}
		away, err := u.standbyAway(ctx, pod, host, patience, progress)
		if err != nil || !away {
			return segments.Gpstart(), err
		}
		progress("pod " + segments.PodOf(host) + " is unreachable: starting without its standby; gpk recover restores it")
		return segments.GpstartAlone(), nil
	}
	return segments.Gpstart(), nil
}

// standbyAway reports whether the standby on a host is unreachable, and is nothing but a standby as far as gpk can find out.
func (u *Utilities) standbyAway(ctx context.Context, pod, host string, patience time.Duration, progress func(string)) (bool, error) {
	err := engine.Until(ctx, patience, progress, func() ([]string, error) {
		out, err := u.remote.Run(ctx, pod, segments.TryHosts([]string{host}))
		return segments.Unreachable(out, []string{host}), err
	}, "%s")
	if _, silent := errors.AsType[*engine.TimeoutError](err); !silent {
		return false, err
	}
	state, err := u.coordinators.store.State(ctx)
	if err != nil || state[plan.StateCoordinator] != pod {
		return false, err
	}
	return u.notActivated(ctx, segments.PodOf(host), pod)
}

// notActivated reports whether gpk finds no activation of the standby in a pod. It finds none in a silent pod.
func (u *Utilities) notActivated(ctx context.Context, standby, acts string) (bool, error) {
	if runs, err := u.pods.Runs(ctx, standby); err != nil || !runs || u.remote.Ways.Unreachable(remote.ByExec(standby)) != nil {
		return err == nil, err
	}
	out, err := u.remote.RunSoon(ctx, standby, segments.AskStandby(), AskTimeout)
	if remote.Refused(err) {
		return false, err
	}
	if _, exited := errors.AsType[*remote.Error](err); err != nil && !exited {
		return ctx.Err() == nil, context.Cause(ctx)
	}
	f, err := segments.ParseFollowing(out)
	switch {
	case err != nil:
		return false, fmt.Errorf("pod %s: %w", standby, err)
	case f.Instance != segments.Absent && !f.Follows:
		return false, &engine.NextError{Err: fmt.Errorf("the standby in pod %s has been activated, but pod %s must act: nothing was started",
			standby, acts),
			Next: engine.Next("move " + topology.CoordinatorDir + " aside in the pod whose data you give up, and run the same command again")}
	}
	return true, nil
}
