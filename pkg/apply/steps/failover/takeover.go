package failover

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// errUnreachable means that neither gpk nor the standby's pod can reach the coordinator's pod.
var errUnreachable = errors.New("out of reach")

// runAt runs a command in the pod of the old coordinator: by exec or, where the way from the API server to its kubelet is
// cut, by ssh from the standby's pod. errUnreachable if neither works. Either way it does not wait for long.
func (f *Former) runAt(ctx context.Context, e plan.Eligible, command segments.Command, patience time.Duration) (string, error) {
	if running, err := f.pods.Runs(ctx, e.From); err != nil {
		return "", err
	} else if !running {
		return "", fmt.Errorf("pod %s does not run: %w", e.From, errUnreachable)
	}
	if since, known := f.silent.Load(e.Takeover); known && time.Since(since.(time.Time)) < unreachableHolds {
		return "", fmt.Errorf("pod %s: %w", e.From, errUnreachable)
	}
	out, err := f.remote.RunSoon(ctx, e.From, command, patience)
	var exit *remote.Error
	if err == nil || errors.As(err, &exit) || ctx.Err() != nil {
		return out, err
	}
	out, overErr := f.remote.RunSoon(ctx, e.To, segments.Over(e.FromHost, command), patience)
	switch {
	case overErr == nil:
		return out, nil
	case errors.As(overErr, &exit) && exit.Status != sshFailed:
		return out, overErr
	}
	if ctx.Err() == nil {
		f.silent.Store(e.Takeover, time.Now())
	}
	return "", fmt.Errorf("pod %s: %w: %w; and by ssh from pod %s: %w", e.From, errUnreachable, err, e.To, overErr)
}

// unreachableHolds is how long gpk does not try again to reach the old coordinator's pod.
const unreachableHolds = 20 * time.Second

// sshFailed is the exit status of ssh where it, and not the remote command, has failed.
const sshFailed = 255

// loss says in words which transactions a takeover loses, or may lose; nothing if the standby has all that were acknowledged.
//
// While a standby follows, the coordinator acknowledges nothing that the standby does not have. So of the commits that it
// lacks only those count that were made after it was last seen to follow. Where the coordinator cannot be asked, it is
// the time of which its node is last known to have lived that counts.
//
// The times of commits are by the clock of the coordinator's node, and when the standby followed is by its own node's: they may
// differ by clockSlip.
func (f *Former) loss(ctx context.Context, e plan.Eligible, following segments.Following) (string, error) {
	nodes := nodeClock{following.Now, time.Now()}
	out, err := f.runAt(ctx, e, segments.AskAhead(following.Received), database.AskTime)
	if errors.Is(err, errUnreachable) {
		return silentLoss(f.silence(ctx, e.From, nodes), following), nil
	}
	if err != nil {
		return "", err
	}
	ahead, err := segments.ParseAhead(out)
	if err != nil {
		return "", err
	}
	return loss(ahead, following), nil
}

func loss(ahead segments.Ahead, f segments.Following) string {
	if ahead.Unreadable || f.Received == "" {
		return fmt.Sprintf("the standby lacks more than the coordinator's log has kept: it followed until %s", clock(f.Streamed))
	}
	lost := 0
	for _, commit := range ahead.Commits {
		if commit.Made.After(f.Streamed.Add(clockSlip)) {
			lost++
		}
	}
	if lost == 0 {
		return ""
	}
	return fmt.Sprintf("the standby lacks %d transactions of the coordinator, which it followed until %s", lost, clock(f.Streamed))
}

func clock(at time.Time) string {
	if at.Unix() <= 0 {
		return "a time that is not known"
	}
	return at.UTC().Format("15:04:05 MST on 2 January")
}

var errNoStandby = errors.New("there is no standby to take over")

// Takeover is what a failover would be now: from the pod of the coordinator, acting or not, to that of its standby. healthy
// says whether the coordinator answers.
func (f *Former) Takeover(ctx context.Context, both []string) (from, to string, healthy bool, err error) {
	if len(both) != 2 {
		return "", "", false, &engine.NextError{Err: errNoStandby,
			Next: engine.Next("restart the coordinator's pod if it does not answer; spec.coordinator.standby gives the next cluster a standby")}
	}
	other := map[string]string{both[0]: both[1], both[1]: both[0]}
	acting, err := f.db.Acting(ctx)
	if err == nil {
		return acting.Pod, other[acting.Pod], true, nil
	}
	if !errors.Is(err, database.ErrSilent) {
		return "", "", false, err
	}
	begun, from, err := f.Begun(ctx)
	if err != nil {
		return "", "", false, err
	}
	if begun {
		return other[from], from, false, nil
	}
	if other[from] == "" {
		return "", "", false, &engine.NextError{Err: fmt.Errorf("the cluster has not been made to the end: %w", errNoStandby),
			Next: engine.Next(plan.Gpk("create", "-f", "cluster.yaml"))}
	}
	return from, other[from], false, nil
}

// Begun says whether a takeover has been begun whose standby has not been activated, as far as its pod can be asked, and which
// pod is to act.
func (f *Former) Begun(ctx context.Context) (begun bool, toAct string, err error) {
	state, err := f.store.State(ctx)
	if err != nil || state[plan.StateCoordinator] == "" {
		return false, "", err
	}
	toAct = state[plan.StateCoordinator]
	following, err := f.db.Following(ctx, toAct)
	return err == nil && following.Follows, toAct, nil
}
