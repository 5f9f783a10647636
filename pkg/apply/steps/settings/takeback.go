package settings

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

// takeBack gives the files what they had before, after a restart that failed, and starts the database. It does so only if none of the
// coordinators runs: a database that answers is not stopped for its settings.
func (h *effectiveHandler) takeBack(ctx context.Context, acting database.Acting, failure error, progress func(string)) error {
	if len(h.before.Names()) == 0 || ctx.Err() != nil {
		return failure
	}
	if pod, err := h.settings.stoppedPod(ctx); err != nil || pod == "" {
		return errors.Join(failure, err)
	}
	names := strings.Join(h.names, ", ")
	progress("the database did not start: giving " + names + " the earlier values")
	if fault, err := h.settings.trial().startFault(ctx, triedPlaces(acting)[0], nil); err == nil && fault != "" {
		failure = fmt.Errorf("%s\n%w", fault, failure)
	}
	if err := h.startWith(ctx, acting, progress); err != nil {
		return &engine.NextError{
			Err: fmt.Errorf("the database does not start with the new values of %s: %w\nwith the earlier values it does not start either: %w",
				names, failure, err),
			Next: engine.Next("fix the cause, then run ", plan.Gpk("start"))}
	}
	return &engine.NextError{
		Err: fmt.Errorf("the database did not start with the new values of %s: %w\n"+
			"The files have the earlier values again, and the database runs",
			names, failure),
		Next: engine.Next("correct the value and run the command again")}
}

// startWith starts the database with the earlier settings. A restart that failed may have left segments that run.
func (h *effectiveHandler) startWith(ctx context.Context, acting database.Acting, progress func(string)) error {
	db := h.settings.db
	instances := h.before.Instances
	if err := db.StopInstances(ctx, database.ByPod(instances)); err != nil {
		return err
	}
	if err := h.settings.stopped().write(ctx, h.before, progress); err != nil {
		return err
	}
	var hosts []string
	for _, instance := range instances {
		if instance.Content == topology.CoordinatorContent {
			hosts = append(hosts, instance.Host)
		}
	}
	gpstart, err := db.Gpstart(ctx, acting.Pod, hosts, pods.PodPatience, progress)
	if err != nil {
		return err
	}
	var exit *database.UtilityError
	if err = db.Run(ctx, acting.Pod, database.StartJob, gpstart, progress); err != nil && !errors.As(err, &exit) {
		return err
	}
	// An answer of the coordinator decides, and not gpstart's exit status.
	if _, silence := db.Acting(ctx); silence != nil {
		return errors.Join(err, silence)
	}
	return nil
}
