package failover

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// fenceHandler keeps the old coordinator from taking writes. It records the new one in the pods' state, so that the old one does not
// start again with its pod. Then it stops the old instance. Without having seen it stopped the handler goes on only by a person's word
// (--fenced), or by silence: the pod that its kubelet last called running cannot be reached from anywhere, longer than keep.sh there
// takes to stop the instance, its machine has sent the standby nothing in all that time, and the segments have ended its sessions.
type fenceHandler struct {
	*OldCoordinator
	action plan.Fence
	// halted is set when the instance was seen stopped by the decision, and waited when an unreachable one must have stopped itself.
	halted, waited bool
}

const (
	// haltTime bounds the stop of a coordinator: a fast one gets a minute, an immediate one another, and whatever starts the instance ten
	// seconds (coordinator.sh).
	haltTime = 140 * time.Second
	// halts is how often gpk asks for a stop that may have begun and was not answered.
	halts = 3
)

func (h *fenceHandler) Check(ctx context.Context) (engine.Finding, error) {
	acting, err := h.db.Acting(ctx)
	switch {
	case err == nil && acting.Pod == h.action.To:
		return engine.Finding{State: engine.Done}, nil
	case err == nil:
		// The coordinator may have started again since the step before.
		if finding, err := h.mayReplace(ctx, h.action.Eligible, acting.Pod); err != nil || finding.State == engine.Blocked {
			return finding, err
		}
		return engine.PendingIf([]string{"the coordinator in pod " + acting.Pod + " answers"}), nil
	case !errors.Is(err, database.ErrNoCoordinator):
		return engine.Finding{}, err
	}
	state, err := h.store.State(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	if state[plan.StateCoordinator] != h.action.To {
		return engine.PendingIf([]string{"the failover is not recorded yet: if pod " + h.action.From +
			" restarted, its coordinator would start again"}), nil
	}
	return h.checkInstance(ctx)
}

func (h *fenceHandler) checkInstance(ctx context.Context) (engine.Finding, error) {
	if h.action.Fenced && h.found.known() == "" {
		h.found.note(Fenced)
	}
	if h.waited || h.action.Fenced {
		return engine.Finding{State: engine.Done}, nil
	}
	if !h.halted {
		// One that is stopped may be about to start: its pod may not know the decision.
		return engine.PendingIf([]string{"the coordinator in pod " + h.action.From + " may start again: gpk has not halted it"}), nil
	}
	out, _, err := h.run(ctx, h.action.Eligible, segments.Instances("facts", topology.CoordinatorDir), database.AskTimeout)
	if errors.Is(err, errUnreachable) {
		return engine.PendingIf([]string{"cannot tell whether the coordinator in pod " + h.action.From + " is still running"}), nil
	}
	if err != nil {
		return engine.Finding{}, err
	}
	facts, err := segments.ParsePodFacts(out)
	if err == nil && facts.Instances[topology.CoordinatorDir] == segments.Running {
		return engine.PendingIf([]string{"the coordinator in pod " + h.action.From + " is still running"}), nil
	}
	return engine.Finding{State: engine.Done}, err
}

func (h *fenceHandler) Do(ctx context.Context, progress func(string)) error {
	term, err := h.db.Decide(ctx, record.ActsIn(h.action.To, h.action.Hosts), []string{h.action.From, h.action.To})
	if err != nil {
		return err
	}
	// The old pod asks the standby's before it starts anything. The pod may know the term already.
	if _, err := h.remote.RunSoon(ctx, h.action.To, segments.Learn(term), database.AskTimeout); err != nil {
		return err
	}
	err = h.halt(ctx, term, progress)
	if err == nil || answered(err) || ctx.Err() != nil {
		h.halted = err == nil
		return err
	}
	progress(err.Error())
	switch {
	case h.action.Fenced:
		h.severSoon(ctx, progress)
		h.found.note(Fenced)
		return nil
	case !errors.Is(err, errUnreachable):
		return h.undecided(err.Error())
	}
	return h.awaitSelfFence(ctx, term, progress)
}

// halt stops the old instance. It asks again where the stop may have begun: one that is under way is not an unreachable one. After a
// person's word it does not matter.
func (h *fenceHandler) halt(ctx context.Context, term string, progress func(string)) (err error) {
	tries, patience := halts, haltTime
	if h.action.Fenced {
		tries, patience = 1, database.AskTimeout
	}
	for try := range tries {
		if try > 0 {
			// What a way has shown before the stop began says nothing about it.
			h.remote.Ways.TryAgain(remote.ByExec(h.action.From), remote.BySSH(h.action.From, h.action.To))
		}
		var by Evidence
		_, by, err = h.run(ctx, h.action.Eligible, segments.HaltCoordinator(segments.Fast, term), patience)
		if err == nil {
			h.found.note(by)
		}
		if err == nil || answered(err) || errors.Is(err, errUnreachable) || ctx.Err() != nil {
			return err
		}
		progress(fmt.Sprintf("asking again: %v", err))
	}
	return err
}

// undecided refuses to activate a standby beside a coordinator that may take writes.
func (h *fenceHandler) undecided(why string) error {
	return &engine.NextError{Err: errors.New(why), Next: engine.Next("repair what keeps gpk from the pod, or make sure that the "+
		"coordinator's node is off or runs none of its containers, and run ", plan.Gpk("failover", "--fenced"))}
}
