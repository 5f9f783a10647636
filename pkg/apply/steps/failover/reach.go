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

// errUnreachable means that gpk and the standby's pod cannot reach the coordinator's pod.
var errUnreachable = errors.New("unreachable")

const (
	// sshFailed is the exit status of ssh where it, and not the remote command, has failed.
	sshFailed = 255
	// sshAfter is how long an exec may be silent before gpk tries ssh beside it.
	sshAfter = time.Second
)

// run runs a command in the old coordinator's pod: by exec or, where the API server does not reach its kubelet, by ssh from the
// standby's pod. It uses ssh also where the API server has no pod that runs: the containers of a pod that was deleted by force may run.
// Both have a time limit. A question finds out before whether exec leads there, so that no command waits long for a pod that is gone.
//
// It is errUnreachable if neither reaches the pod. It is another error where that is not known: the command may have begun, or the API
// server did not let gpk ask.
func (o *OldCoordinator) run(ctx context.Context, e plan.Eligible, command segments.Command, patience time.Duration) (
	out string, by Evidence, err error) {
	running, err := o.pods.Runs(ctx, e.From)
	if err != nil {
		return "", "", err
	}
	byExec, begun := errors.New("the API server has no such pod that runs"), false
	if running {
		byExec = o.reach(ctx, e)
	}
	if byExec == nil {
		out, byExec = o.remote.RunSoon(ctx, e.From, command, patience)
		// A pod that waits for its volume says the same as an ssh that reaches nobody: an earlier pod may run on.
		if byExec == nil || reached(byExec) {
			return out, StoppedByExec, byExec
		}
		begun = remote.MayHaveBegun(byExec)
	}
	if ctx.Err() != nil {
		return "", "", byExec
	}
	out, bySSH := o.over(ctx, e, command, patience)
	if bySSH == nil || reached(bySSH) {
		return out, StoppedBySSH, bySSH
	}
	return "", "", neither(e, byExec, bySSH, begun)
}

// neither is the error of a command that exec and ssh have not brought to its end. Only where both have shown that they reach nobody is the
// pod unreachable: a command that may have begun is no silence, and a refusal of the API server is no answer.
func neither(e plan.Eligible, byExec, bySSH error, begun bool) error {
	silent := errors.Is(bySSH, errUnreachable)
	// Of an ssh that reaches nobody only the words may be in an error that is not errUnreachable.
	switch {
	case begun:
		return fmt.Errorf("pod %s: it may have begun by exec: %w; and by ssh from pod %s: %s", e.From, byExec, e.To, bySSH.Error())
	case silent && !remote.Refused(byExec):
		return fmt.Errorf("pod %s: %w; and by ssh from pod %s: %w", e.From, byExec, e.To, bySSH)
	case silent:
		return fmt.Errorf("pod %s: %w; and by ssh from pod %s: %s", e.From, byExec, e.To, bySSH.Error())
	case remote.MayHaveBegun(bySSH):
		return fmt.Errorf("pod %s: %w; and by ssh from pod %s: it may have begun: %w", e.From, byExec, e.To, bySSH)
	}
	return fmt.Errorf("pod %s: %w; and by ssh from pod %s: %w", e.From, byExec, e.To, bySSH)
}

// reach is why exec does not lead to the old coordinator's pod. It tries ssh meanwhile.
func (o *OldCoordinator) reach(ctx context.Context, e plan.Eligible) (err error) {
	way := remote.ByExec(e.From)
	if err := o.remote.Ways.Unreachable(way); err != nil {
		return err
	}
	o.besideSSH(ctx, e, func() {
		_, err = o.remote.RunSoon(ctx, e.From, segments.AskTerm(), database.AskTimeout)
		switch {
		case err == nil, exited(err):
			err = nil
			o.remote.Ways.Note(way, nil)
		case ctx.Err() == nil:
			o.remote.Ways.Note(way, err)
		}
	})
	return err
}

// acting is the acting coordinator. It tries ssh to the old one meanwhile.
func (o *OldCoordinator) acting(ctx context.Context, e plan.Eligible) (acting database.Acting, err error) {
	o.besideSSH(ctx, e, func() { acting, err = o.db.Acting(ctx) })
	return acting, err
}

// besideSSH finds out whether ssh leads to the old coordinator's pod, while ask asks that by exec for long. It has found out when ask
// has found the pod out of reach.
func (o *OldCoordinator) besideSSH(ctx context.Context, e plan.Eligible, ask func()) {
	if o.remote.Ways.Unreachable(remote.BySSH(e.From, e.To)) != nil {
		ask()
		return
	}
	trying, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if engine.Sleep(trying, sshAfter) == nil {
			_, _ = o.over(trying, e, segments.AskTerm(), database.AskTimeout)
		}
	}()
	ask()
	if o.remote.Ways.Unreachable(remote.ByExec(e.From)) == nil {
		stop()
	}
	<-ended
}

// over runs a command in the old coordinator's pod by ssh from the standby's. It is errUnreachable where ssh reaches nobody, or did not a
// moment ago.
func (o *OldCoordinator) over(ctx context.Context, e plan.Eligible, command segments.Command, patience time.Duration) (string, error) {
	way := remote.BySSH(e.From, e.To)
	if err := o.remote.Ways.Unreachable(way); err != nil {
		return "", err
	}
	out, err := o.remote.RunSoon(ctx, e.To, segments.Over(e.FromHost, command), patience)
	if exit, ok := errors.AsType[*remote.Error](err); ok && exit.UnknownVerb() {
		out, err = o.remote.RunSoon(ctx, e.To, segments.OverByName(e.FromHost, command), patience)
	}
	switch {
	case err == nil, reached(err):
		o.remote.Ways.Note(way, nil)
	case exited(err):
		err = fmt.Errorf("%w: %w", errUnreachable, err)
		o.remote.Ways.Note(way, err)
	}
	return out, err
}

// exited says whether a command ended with a status, be it that of an ssh that reaches nobody.
func exited(err error) bool {
	_, ok := errors.AsType[*remote.Error](err)
	return ok
}

// reached says whether a command ended with a status of its own.
func reached(err error) bool {
	exit, ok := errors.AsType[*remote.Error](err)
	return ok && exit.Status != sshFailed
}

// answered says whether a command of run ended with a status of its own.
func answered(err error) bool { return exited(err) && !errors.Is(err, errUnreachable) }
