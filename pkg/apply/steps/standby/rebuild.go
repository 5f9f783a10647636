package standby

import (
	"context"
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

// rebuildHandler makes a standby of the coordinators' pod that does not act, whatever its volume holds: a coordinator that was
// replaced, a standby that is broken, or nothing. What is there is moved aside, and removed once the new standby is in sync.
type rebuildHandler struct {
	remote *remote.Pods
	pods   *pods.Pods
	db     *database.Database
	action plan.Rebuild
}

func (h *rebuildHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.LookAt(ctx, h.look)
}

func (h *rebuildHandler) look(ctx context.Context, acting database.Acting) (engine.Finding, error) {
	if len(h.action.Pods) < 2 {
		return engine.Finding{State: engine.Done}, nil
	}
	place := h.place(acting)
	row, found := acting.Catalogue.Find(topology.CoordinatorContent, topology.Mirror)
	if found && row.Pod() == place.Pod && row.Up() && row.Mode == "s" && acting.Pods[place.Pod].Marker == segments.Initialised {
		return engine.Finding{State: engine.Done}, nil
	}
	missing := "there is no standby"
	if found {
		missing = "the standby in pod " + row.Pod() + " is not in sync"
	}
	if h.action.IfReachable {
		if answers, err := h.answers(ctx, acting, place.Pod); err != nil || !answers {
			return engine.Finding{State: engine.Done, Details: []string{fmt.Sprintf("%s, and pod %s cannot be reached: `gpk recover` makes one when it is back",
				missing, place.Pod)}}, err
		}
	}
	return engine.PendingIf([]string{missing}), nil
}

// answers says whether a coordinators' pod can be worked with. One that runs by the API server's word alone, and has said nothing
// of its volume, is asked once more: its node is lost, or a stream was.
func (h *rebuildHandler) answers(ctx context.Context, acting database.Acting, pod string) (bool, error) {
	runs, err := h.pods.Runs(ctx, pod)
	if err != nil || !runs || acting.Pods[pod].Marker != "" {
		return runs, err
	}
	_, err = h.remote.RunSoon(ctx, pod, segments.Instances("facts", topology.CoordinatorDir), database.AskTime)
	return err == nil, nil
}

// place is the coordinators' pod that does not act.
func (h *rebuildHandler) place(acting database.Acting) topology.Instance {
	if h.action.Pods[0].Pod == acting.Pod {
		return h.action.Pods[1]
	}
	return h.action.Pods[0]
}

// standbyPatience is how long a standby gets to follow by itself, as after a restart of its pod, and to catch up once it is made.
const standbyPatience = time.Minute

func (h *rebuildHandler) Do(ctx context.Context, progress func(string)) error {
	acting, err := h.db.Acting(ctx)
	if err != nil {
		return err
	}
	place := h.place(acting)
	j := h.remote.Job(acting.Pod, "gpinitstandby")
	state, err := j.State(ctx)
	switch {
	case err != nil:
		return err
	case state.Phase == "running":
		progress("attaching to gpinitstandby, which is running")
		err = h.db.Follow(ctx, j, "gpinitstandby", progress)
	default:
		err = h.make(ctx, acting, place, progress)
	}
	if err != nil {
		return err
	}
	if err := h.db.Call(ctx, "finish", []database.PodDirs{{Pod: place.Pod}}); err != nil {
		return err
	}
	if err := h.synced(ctx, progress); err != nil {
		return err
	}
	_, err = h.remote.Run(ctx, place.Pod, segments.DiscardAside())
	return err
}

func (h *rebuildHandler) make(ctx context.Context, acting database.Acting, place topology.Instance, progress func(string)) error {
	if answers, err := h.answers(ctx, acting, place.Pod); err != nil {
		return err
	} else if !answers {
		return &engine.NextError{Err: fmt.Errorf("pod %s cannot be reached: a standby cannot be made in it", place.Pod),
			Next: engine.Next("see to the pod and its node, then run the same command again")}
	}
	if row, found := acting.Catalogue.Find(topology.CoordinatorContent, topology.Mirror); found {
		if !h.action.Anew {
			if revived, err := h.revive(ctx, row.Pod(), progress); revived || err != nil {
				return err
			}
		}
		if err := h.db.Run(ctx, acting.Pod, "gpinitstandby-remove", segments.RemoveStandby(), progress); err != nil {
			return err
		}
	}
	// Whatever runs there is no standby of this coordinator any more.
	for _, command := range []segments.Command{segments.HaltCoordinator("fast", ""), segments.MoveCoordinatorAside()} {
		if _, err := h.remote.Run(ctx, place.Pod, command); err != nil {
			return err
		}
	}
	return h.db.Run(ctx, acting.Pod, "gpinitstandby", segments.InitStandby(place), progress)
}

// revive starts a standby that is in the catalogue and gives it time to follow again, which needs no copy of all data.
func (h *rebuildHandler) revive(ctx context.Context, pod string, progress func(string)) (bool, error) {
	if _, err := h.remote.Run(ctx, pod, segments.StartStandby()); err != nil {
		progress(err.Error())
		return false, ctx.Err()
	}
	facts, err := h.db.Facts(ctx, []database.PodDirs{{Pod: pod, Dirs: []string{topology.CoordinatorDir}}})
	if err != nil || facts[pod].Instances[topology.CoordinatorDir] != "running" {
		return false, err
	}
	if err := h.synced(ctx, progress); err != nil {
		progress(err.Error())
		return false, ctx.Err()
	}
	return true, nil
}

func (h *rebuildHandler) synced(ctx context.Context, progress func(string)) error {
	return engine.Until(ctx, standbyPatience, progress, func() ([]string, error) {
		acting, err := h.db.Acting(ctx)
		if err != nil {
			return nil, err
		}
		row, found := acting.Catalogue.Find(topology.CoordinatorContent, topology.Mirror)
		if !found || !row.Up() || row.Mode != "s" {
			return []string{"the standby has not caught up yet"}, nil
		}
		return nil, nil
	}, "%s; gpk logs shows why")
}
