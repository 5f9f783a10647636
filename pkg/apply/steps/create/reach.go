package create

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// reachPatience is how long gpk waits for DNS and sshd of hosts whose pods run, and linkPatience for what lets the pods'
// connections through: it may learn of new pods moments later.
const (
	reachPatience = 2 * time.Minute
	linkPatience  = 20 * time.Second
)

// linkHosts is how many hosts are made to listen and to connect at a time. Sixteen at a time are called by ssh, and those that were
// first must listen still, which they do for a minute (ports.sh), when the last ones connect.
const linkHosts = 100

// reachHandler waits until every host answers ssh from the coordinator's pod, and leaves these connections open for the
// utilities to share. Then it tries the database's connections to the hosts that have no instance yet.
type reachHandler struct {
	remote *remote.Pods
	store  *record.Store
	pods   *pods.Pods
	action plan.Reach
	// silent is what was wrong with hosts when they were last asked, and untried the connections that nothing had shown to work.
	silent  []string
	untried []segments.Link
	// answered is when nothing was wrong with any host.
	answered time.Time
	// tried: the connections work. There is no trace of that but this.
	tried bool
}

func (h *reachHandler) Check(ctx context.Context) (engine.Finding, error) {
	if h.action.From == "" {
		state, err := h.store.State(ctx)
		if err != nil || state[plan.StateCoordinator] == "" {
			return database.UnfinishedCluster(), err
		}
		h.action.From = state[plan.StateCoordinator]
	}
	if down, err := h.pods.NotRunning(ctx, []string{h.action.From}); err != nil || len(down) > 0 {
		return engine.Finding{State: engine.Unknown, Details: down}, err
	}
	if err := h.ask(ctx); err != nil {
		return engine.Finding{}, err
	}
	silent := h.silent
	if len(silent) == 0 && len(h.untried) > 0 && !h.tried {
		silent = []string{fmt.Sprintf("the database's %d connections between pods have not been tried", len(h.untried))}
	}
	return engine.PendingIf(silent), nil
}

// ask notes what is wrong with hosts, unless nothing was a moment ago.
func (h *reachHandler) ask(ctx context.Context) error {
	if time.Since(h.answered) < database.AnswerHolds {
		return nil
	}
	out, err := h.remote.Run(ctx, h.action.From, segments.TryHosts(h.action.Hosts))
	if err != nil {
		return err
	}
	h.silent, h.untried = segments.Unreachable(out, h.needed()), segments.Untried(out, h.action.Links)
	if len(h.silent) == 0 {
		h.answered = time.Now()
	}
	return nil
}

// needed are the hosts without that of the standby, where that is not needed.
func (h *reachHandler) needed() []string {
	return slices.DeleteFunc(slices.Clone(h.action.Hosts), func(host string) bool {
		return slices.Contains(h.action.Spare, host) && segments.PodOf(host) != h.action.From
	})
}

// Do tries again until every host answers: a pod's name is in the DNS only moments after its container runs.
func (h *reachHandler) Do(ctx context.Context, progress func(string)) error {
	err := engine.Until(ctx, reachPatience, progress, func() ([]string, error) {
		if err := h.ask(ctx); err != nil || len(h.silent) == 0 {
			return nil, err
		}
		return h.silent, h.pods.CannotStart(ctx)
	}, "from pod "+h.action.From+", not every host can be worked with: %s; is the DNS well, and may the pods reach each other's port 22?")
	if err != nil && ctx.Err() != nil && len(h.silent) > 0 {
		return fmt.Errorf("%w while waiting: from pod %s, %s", context.Cause(ctx), h.action.From, engine.Few(h.silent))
	}
	if err != nil || len(h.untried) == 0 {
		return err
	}
	for _, batch := range segments.Batches(h.untried, linkHosts) {
		if err := h.try(ctx, batch, progress); err != nil {
			return err
		}
	}
	// Every host has answered ssh for this as well.
	h.tried, h.answered = true, time.Now()
	return nil
}

// try tries a batch of connections until all work.
func (h *reachHandler) try(ctx context.Context, links []segments.Link, progress func(string)) error {
	return engine.Until(ctx, linkPatience, progress, func() ([]string, error) {
		out, err := h.remote.Run(ctx, h.action.From, segments.TryLinks(links))
		if err != nil {
			return nil, err
		}
		wrong, err := segments.ParseLinks(out, links)
		if err != nil {
			return nil, fmt.Errorf("in pod %s: %w", h.action.From, err)
		}
		return wrong, nil
	}, "the connections of the database and its utilities do not get through: %s; does a network policy keep the cluster's pods apart?")
}
