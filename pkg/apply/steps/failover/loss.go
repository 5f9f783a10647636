package failover

import (
	"context"
	"fmt"
	"time"

	"gpk/pkg/apply/database"
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
func (o *OldCoordinator) loss(ctx context.Context, e plan.Eligible, f segments.Following) (string, error) {
	nodes := nodeClock{f.Now, time.Now()}
	out, err := o.run(ctx, e, segments.AskAhead(f.Received), database.AskTimeout)
	switch {
	case answered(err) || ctx.Err() != nil:
		return "", err
	case err != nil: // nobody reaches it
		return lossUnreachable(o.lifeSigns(ctx, e.Takeover, nodes), f), nil //nolint:nilerr // what is known without it is the answer
	}
	ahead, err := segments.ParseAhead(out)
	if err != nil {
		return "", err
	}
	return loss(ahead, f), nil
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

// lossUnreachable is loss where the coordinator does not answer. All its times are by the nodes' clock.
func lossUnreachable(s lifeSigns, f segments.Following) string {
	followsNow := !f.Now.IsZero() && f.Now.Sub(f.Streamed) < remote.LeaseAge
	switch {
	case followsNow:
		return ""
	case s.lastAlive.IsZero():
		return fmt.Sprintf("the standby followed the unreachable coordinator until %s; gpk cannot tell how long the coordinator ran: "+
			"the standby's pod has older scripts, which do not print its node's time", clock(f.Streamed))
	case !f.Streamed.Before(s.lastAlive.Add(-remote.LeaseAge)):
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
