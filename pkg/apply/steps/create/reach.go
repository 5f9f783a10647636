package create

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// reachPatience is how long gpk waits for DNS and sshd of hosts whose pods run. linkPatience is how long it waits for the network to let
// the pods' connections through: a network plugin learns of new pods moments later.
const (
	reachPatience = 2 * time.Minute
	linkPatience  = 20 * time.Second
	// linkHosts is how many hosts gpk has listen and connect at a time. ssh calls sixteen hosts at once. The first hosts must still listen
	// when the last ones connect, and they listen for a minute (ports.sh).
	linkHosts = 100
)

// reachHandler waits until every host answers ssh from the coordinator's pod, and leaves these connections open for the utilities. Then it
// tries the database's connections to the hosts that have no instance yet.
type reachHandler struct {
	remote *remote.Pods
	store  *record.Store
	pods   *pods.Pods
	action plan.Reach
	// unreachable describes the hosts that did not answer last time, and untried are the connections to hosts without an instance.
	unreachable []string
	untried     []segments.Link
	// answered is when all hosts answered.
	answered time.Time
	// tried: the connections work. gpk records that nowhere else.
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
	details := h.unreachable
	if len(details) == 0 && len(h.untried) > 0 && !h.tried {
		details = []string{fmt.Sprintf("%d connections between pods are not tried yet", len(h.untried))}
	}
	return engine.PendingIf(details), nil
}

// ask asks the hosts again, unless all answered a moment ago.
func (h *reachHandler) ask(ctx context.Context) error {
	if time.Since(h.answered) < database.AnswerLifetime {
		return nil
	}
	out, err := h.remote.Run(ctx, h.action.From, segments.TryHosts(h.action.Hosts))
	if err != nil {
		return err
	}
	h.unreachable, h.untried = segments.Unreachable(out, h.needed()), segments.Untried(out, h.action.Links)
	if len(h.unreachable) == 0 {
		h.answered = time.Now()
	}
	return nil
}

// needed are the hosts that must answer: the standby's need not when a database is started.
func (h *reachHandler) needed() []string {
	return slices.DeleteFunc(slices.Clone(h.action.Hosts), func(host string) bool {
		return slices.Contains(h.action.Spare, host) && segments.PodOf(host) != h.action.From
	})
}

// Do tries again until every host answers: a pod's name is in the DNS only moments after its container runs.
func (h *reachHandler) Do(ctx context.Context, progress func(string)) error {
	err := engine.Until(ctx, reachPatience, progress, func() ([]string, error) {
		if err := h.ask(ctx); err != nil || len(h.unreachable) == 0 {
			return nil, err
		}
		return h.unreachable, h.pods.CannotStart(ctx)
	}, fmt.Sprintf("pod %s did not reach every host within %s: %%s; check the DNS, and that the pods reach each other's port 22",
		h.action.From, reachPatience))
	if err != nil && ctx.Err() != nil && len(h.unreachable) > 0 {
		return fmt.Errorf("%w while pod %s waits for hosts: %s", context.Cause(ctx), h.action.From, engine.Few(h.unreachable))
	}
	if err != nil || len(h.untried) == 0 {
		return h.blameMesh(ctx, wrongDomain(err))
	}
	for _, batch := range segments.Batches(h.untried, linkHosts) {
		if err := h.try(ctx, batch, progress); err != nil {
			return h.blameMesh(ctx, err)
		}
	}
	// Every host has answered ssh for this too.
	h.tried, h.answered = true, time.Now()
	return nil
}

// wrongDomain adds to an error what to do where the pods do not know the DNS domain of their hosts.
func wrongDomain(err error) error {
	if err == nil || !strings.Contains(err.Error(), "spec.network.clusterDomain can") {
		return err
	}
	return &engine.NextError{Err: err, Next: engine.Next("give spec.network.clusterDomain in cluster.yaml. Delete the pods with ",
		plan.Gpk("delete"), ", which keeps the volumes, and create again")}
}

// try tries a batch of connections until all work.
func (h *reachHandler) try(ctx context.Context, links []segments.Link, progress func(string)) error {
	return engine.Until(ctx, linkPatience, progress, func() ([]string, error) {
		out, err := h.remote.Run(ctx, h.action.From, segments.TryLinks(links))
		if err != nil {
			return nil, err
		}
		failed, err := segments.ParseLinks(out, links)
		if err != nil {
			err = fmt.Errorf("in pod %s: %w", h.action.From, err)
		}
		return failed, err
	}, fmt.Sprintf("connections between pods still fail after %s: %%s; check whether a network policy keeps them apart", linkPatience))
}
