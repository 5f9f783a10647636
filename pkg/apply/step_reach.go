package apply

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// reachPatience is how long gpk waits for DNS and sshd of hosts whose pods run.
const reachPatience = 2 * time.Minute

// reachHandler waits until every host answers ssh from the coordinator's pod. It leaves the connections open for the
// utilities to share.
type reachHandler struct {
	target *Target
	action plan.Reach
}

func (h *reachHandler) Check(ctx context.Context) (Finding, error) {
	if down, err := h.target.podsRunning(ctx, []string{h.action.From}); err != nil || len(down) > 0 {
		return Finding{State: Unknown, Details: down}, err
	}
	command := segments.Script("reach.sh")
	command.Stdin = strings.Join(h.action.Hosts, "\n")
	out, err := h.target.run(ctx, h.action.From, command)
	if err != nil {
		return Finding{}, err
	}
	return pendingIf(segments.Unreachable(out, h.action.Hosts)), nil
}

// Do tries again until every host answers: a pod's name is in the DNS only moments after its container runs.
func (h *reachHandler) Do(ctx context.Context, progress func(string)) error {
	for until := time.Now().Add(reachPatience); ; {
		if err := sleep(ctx, 500*time.Millisecond); err != nil {
			return err
		}
		finding, err := h.Check(ctx)
		if err != nil || finding.State == Done {
			return err
		}
		if time.Now().After(until) {
			return fmt.Errorf("from pod %s, ssh does not reach every host: %s", h.action.From, strings.Join(finding.Details, "; "))
		}
		progress(firstOf(finding.Details))
	}
}
