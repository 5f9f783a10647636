package standby

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// standbyHandler makes the standby coordinator with gpinitstandby, unless the catalogue has one.
type standbyHandler struct {
	remote *remote.Pods
	pods   *pods.Pods
	db     *database.Database
	action plan.Standby
	// untouched is when Check last saw that nothing is or was being made in the standby's place, and nobody is about to.
	untouched time.Time
}

func (h *standbyHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.LookAt(ctx, h.look)
}

func (h *standbyHandler) look(ctx context.Context, acting database.Acting) (engine.Finding, error) {
	pod := h.action.Instance.Pod
	row, found := acting.Catalogue.Find(topology.CoordinatorContent, topology.Mirror)
	if found {
		pod = row.Pod()
	}
	if found && acting.Pods[pod].Marker == segments.Initialised {
		return engine.Finding{State: engine.Done}, nil
	}
	if !found && acting.Pod == pod {
		return engine.Finding{State: engine.Blocked, Details: []string{"since a failover the coordinator is in pod " + pod + ", and there is no standby"},
			Next: engine.Next(plan.Gpk("recover"), " makes one of the other pod")}, nil
	}
	state, err := h.remote.Job(acting.Pod, "gpinitstandby").State(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	if state.Phase == "running" {
		return engine.PendingIf([]string{"gpinitstandby is running since " + state.Since}), nil
	}
	if down, err := h.pods.NotRunning(ctx, []string{pod}); err != nil || len(down) > 0 {
		return engine.Finding{State: engine.Unknown, Details: down}, err
	}
	facts, err := h.db.Facts(ctx, []database.PodDirs{{Pod: pod, Dirs: []string{h.action.Instance.Dir}}})
	if err != nil {
		return engine.Finding{}, err
	}
	// The volume may be marked for the sake of gpinitsystem, which makes no standby.
	begun := facts[pod].Marker == segments.Initialised || facts[pod].Marker == segments.Initialising && state.Phase != "absent"
	if !found && !begun && !facts[pod].Present() {
		h.untouched = time.Now()
	}
	return standbyFinding(row, found, pod, facts[pod]), nil
}

func standbyFinding(row segments.Row, found bool, pod string, facts segments.PodFacts) engine.Finding {
	switch {
	case found && facts.Marker == segments.Initialised:
		return engine.Finding{State: engine.Done}
	case found && row.Up() && row.Mode == "s":
		return engine.PendingIf([]string{"the standby is there and not yet noted as complete"})
	case facts.Marker == segments.Initialised, facts.Marker == segments.NotInitialised && facts.Present():
		return engine.Finding{State: engine.Blocked,
			Details: []string{fmt.Sprintf("there is no standby in the catalogue, but the volume of pod %s holds a coordinator's data", pod)},
			Next:    engine.Next("make sure that nobody needs that data, move it aside in the pod, and run this again")}
	}
	return engine.PendingIf([]string{"there is no standby"})
}

// Do waits for a gpinitstandby that is running, or clears away what one that did not finish left behind and runs it. What
// Check saw a moment ago is not looked at again: a job that runs and a directory that exists refuse a second one by themselves.
func (h *standbyHandler) Do(ctx context.Context, progress func(string)) error {
	acting, err := h.db.Lately(ctx)
	if err != nil {
		return err
	}
	if time.Since(h.untouched) < database.AnswerHolds {
		return errors.Join(h.begin(ctx, acting, progress), h.mark(ctx))
	}
	j := h.remote.Job(acting.Pod, "gpinitstandby")
	state, err := j.State(ctx)
	if err != nil {
		return err
	}
	if state.Phase == "running" {
		err = h.db.Follow(ctx, j, "gpinitstandby", progress)
	} else {
		err = h.make(ctx, acting, progress)
	}
	return errors.Join(err, h.mark(ctx))
}

func (h *standbyHandler) make(ctx context.Context, acting database.Acting, progress func(string)) error {
	if row, found := acting.Catalogue.Find(topology.CoordinatorContent, topology.Mirror); found {
		if row.Up() && row.Mode == "s" {
			return nil
		}
		if err := h.db.Run(ctx, acting.Pod, "gpinitstandby-remove", segments.RemoveStandby(), progress); err != nil {
			return err
		}
	}
	if err := h.db.Call(ctx, "clear", h.place()); err != nil {
		return err
	}
	return h.begin(ctx, acting, progress)
}

func (h *standbyHandler) place() []database.PodDirs {
	return []database.PodDirs{{Pod: h.action.Instance.Pod, Dirs: []string{h.action.Instance.Dir}}}
}

// begin makes the standby where there is nothing.
func (h *standbyHandler) begin(ctx context.Context, acting database.Acting, progress func(string)) error {
	if err := h.db.Call(ctx, "prepare", h.place()); err != nil {
		return err
	}
	return h.db.Run(ctx, acting.Pod, "gpinitstandby", segments.InitStandby(h.action.Instance), progress)
}

// mark notes on the standby's volume that it is complete, if the catalogue has it.
func (h *standbyHandler) mark(ctx context.Context) error {
	acting, err := h.db.Acting(ctx)
	if err != nil {
		return err
	}
	row, found := acting.Catalogue.Find(topology.CoordinatorContent, topology.Mirror)
	if !found {
		return nil
	}
	return h.db.Call(ctx, "finish", []database.PodDirs{{Pod: row.Pod()}})
}
