package window

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// clientPatience is how long clients have to disconnect before a smart stop: as long as gpstop's own time-out.
const clientPatience = 2 * time.Minute

// awaitClients waits until no client is connected to the coordinator. gpk changes nothing until then. gpstop's own smart mode refuses new
// clients meanwhile, and after two minutes asks a person what to do. Without a person it kills the coordinator (_stop_coordinator_smart).
func (h *stopHandler) awaitClients(ctx context.Context, progress func(string)) error {
	var connected []string
	err := engine.Until(ctx, clientPatience, progress, func() (_ []string, err error) {
		connected, err = h.clients(ctx)
		return connected, err
	}, fmt.Sprintf("clients are still connected after %s; the database was not stopped: %%s", clientPatience))
	if err != nil && ctx.Err() == nil && len(connected) > 0 {
		return &engine.NextError{Err: err, Next: engine.Next("wait until the clients have disconnected, or end their sessions with --mode fast")}
	}
	return err
}

// clients describes the sessions of clients, or says why gpk cannot know them. There are none while the coordinator is down.
func (h *stopHandler) clients(ctx context.Context) ([]string, error) {
	acting, err := h.db.Acting(ctx)
	if errors.Is(err, database.ErrNoCoordinator) {
		state, stateErr := h.store.State(ctx)
		facts, asked := acting.Pods[state[plan.StateCoordinator]]
		if stateErr != nil || !asked || facts.Marker != "" && facts.Instances[topology.CoordinatorDir] != segments.Running {
			return nil, stateErr
		}
		return []string{remote.Summary(err)}, nil
	}
	if err != nil {
		return nil, err
	}
	out, err := h.db.Query(ctx, acting, "postgres", segments.ClientsSQL)
	var exit *remote.Error
	switch {
	case errors.As(err, &exit):
		return []string{exit.Why()}, nil
	case err != nil || out == "":
		return nil, err
	}
	return strings.Split(out, "\n"), nil
}
