package failover

import (
	"context"
	"fmt"
	"time"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// loss says which transactions a takeover loses, or may lose; empty if the standby has all that were acknowledged.
//
// While a standby that has caught up follows, the coordinator acknowledges only what the standby has. So of the commits that the standby
// lacks, only those count that were made after it was last seen so. For one that still catches up, it was never seen so. If the coordinator
// does not answer, what counts is until when its node was last known to be alive.
//
// The times of commits are by the clock of the coordinator's node, and the time when the standby followed by that of its own node.
// They may differ by clockSkew.
//
// stopped: the coordinator must be. One that runs may make more commits, and it is an error.
func (o *OldCoordinator) loss(ctx context.Context, e plan.Eligible, f segments.Following, stopped bool) (string, error) {
	nodes := nodeClock{f.Now, time.Now()}
	out, _, err := o.run(ctx, e, segments.AskAhead(f.Received), database.AskTimeout)
	switch {
	case ctx.Err() != nil:
		return "", err
	case err != nil && e.AcceptLoss: // the fence has seen what matters
		return "", nil //nolint:nilerr // nothing that it may lose counts
	case answered(err) || remote.Refused(err) && !e.Fenced:
		return "", err
	case err != nil: // nobody reaches it
		return lossUnreachable(o.lifeSigns(ctx, e.Takeover, nodes), f), nil //nolint:nilerr // what is known without it is the answer
	}
	ahead, err := segments.ParseAhead(out)
	switch {
	case err != nil && !e.AcceptLoss:
		return "", err
	case stopped && ahead.Instance == segments.Running:
		return "", stillRuns(e)
	case e.AcceptLoss:
		return "", nil
	}
	return loss(ahead, f), nil
}

// stillRuns refuses to activate a standby beside a coordinator that was seen running.
func stillRuns(e plan.Eligible) error {
	return &engine.NextError{Err: fmt.Errorf("the coordinator in pod %s runs again: the standby in pod %s was not activated", e.From, e.To),
		Next: engine.Next(plan.Gpk("failover"), " stops it once more, and ", plan.Gpk("failover", "--rollback"), " lets it act again")}
}

func loss(ahead segments.Ahead, f segments.Following) string {
	if ahead.Unreadable || f.Received == "" {
		return fmt.Sprintf("the standby lacks more than the coordinator's log has kept: it followed until %s", clock(f.Streamed))
	}
	lost := 0
	for _, commit := range ahead.Commits {
		if commit.After(f.Streamed.Add(clockSkew)) {
			lost++
		}
	}
	if lost == 0 {
		return ""
	}
	return fmt.Sprintf("the standby lacks %d transactions of the coordinator: it followed until %s", lost, clock(f.Streamed))
}

// followSlip is how exactly gpk knows when a node died: its kubelet says that it lives every ten seconds. A coordinator whose standby is
// gone acknowledges nothing for longer (wal_sender_timeout).
const followSlip = 12 * time.Second

// lossUnreachable is loss where the coordinator does not answer. All its times are by the nodes' clock.
func lossUnreachable(s lifeSigns, f segments.Following) string {
	switch {
	case !f.Now.IsZero() && f.Streamed.After(f.Now.Add(clockSkew)):
		return fmt.Sprintf("gpk cannot tell until when the standby followed the unreachable coordinator: it was until %s "+
			"by the clock of its node, which shows %s now", clock(f.Streamed), clock(f.Now))
	case !f.Now.IsZero() && f.Now.Sub(f.Streamed) < followSlip:
		return ""
	case s.lastAlive.IsZero():
		return fmt.Sprintf("the standby followed the unreachable coordinator until %s; gpk cannot tell how long the coordinator ran: "+
			"the standby's pod has older scripts, which do not print its node's time", clock(f.Streamed))
	case !f.Streamed.Before(s.lastAlive.Add(-followSlip)):
		return ""
	}
	return fmt.Sprintf("the standby followed the unreachable coordinator until %s, and the coordinator's node was alive until %s or longer",
		clock(f.Streamed), clock(s.lastAlive))
}

func clock(at time.Time) string {
	if at.Unix() <= 0 {
		return "an unknown time"
	}
	return at.UTC().Format("15:04:05 MST on 2 January")
}
