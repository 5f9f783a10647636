package apply

import (
	"context"
	"fmt"
	"time"

	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// reachPatience is how long gpk waits for DNS and sshd of hosts whose pods run, and linkPatience for what lets the pods'
// connections through: it may learn of new pods moments later.
const (
	reachPatience = 2 * time.Minute
	linkPatience  = 20 * time.Second
)

// reachHandler waits until every host answers ssh from the coordinator's pod, and leaves these connections open for the
// utilities to share. Then it tries the database's connections to the hosts that have no instance yet.
type reachHandler struct {
	target *Target
	action plan.Reach
	// silent is what was wrong with hosts when they were last asked.
	silent []string
	// tried: the connections work. There is no trace of that but this.
	tried bool
}

func (h *reachHandler) Check(ctx context.Context) (Finding, error) {
	if down, err := h.target.podsRunning(ctx, []string{h.action.From}); err != nil || len(down) > 0 {
		return Finding{State: Unknown, Details: down}, err
	}
	untried, err := h.ask(ctx)
	silent := h.silent
	if len(silent) == 0 && len(untried) > 0 && !h.tried {
		silent = []string{fmt.Sprintf("the database's %d connections between pods have not been tried", len(untried))}
	}
	return pendingIf(silent), err
}

// ask notes what is wrong with hosts, and returns the connections that nothing has shown to work.
func (h *reachHandler) ask(ctx context.Context) ([]segments.Link, error) {
	out, err := h.target.run(ctx, h.action.From, segments.TryHosts(h.action.Hosts))
	if err != nil {
		return nil, err
	}
	h.silent = segments.Unreachable(out, h.action.Hosts)
	return segments.Untried(out, h.action.Links), nil
}

// Do tries again until every host answers: a pod's name is in the DNS only moments after its container runs.
func (h *reachHandler) Do(ctx context.Context, progress func(string)) error {
	var untried []segments.Link
	err := until(ctx, reachPatience, progress, func() (_ []string, err error) {
		untried, err = h.ask(ctx)
		return h.silent, err
	}, "from pod "+h.action.From+", not every host can be worked with: %s; is the DNS well, and may the pods reach each other's port 22?")
	if err != nil && ctx.Err() != nil && len(h.silent) > 0 {
		return fmt.Errorf("%w while waiting: %s", context.Cause(ctx), few(h.silent))
	}
	if err != nil || len(untried) == 0 {
		return err
	}
	err = until(ctx, linkPatience, progress, func() ([]string, error) {
		out, err := h.target.run(ctx, h.action.From, segments.TryLinks(untried))
		if err != nil {
			return nil, err
		}
		return segments.ParseLinks(out, untried)
	}, "the database's connections do not get through: %s; does a network policy keep the cluster's pods apart?")
	h.tried = err == nil
	return err
}
