package create

import (
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// initialiseHandler makes the database with gpinitsystem, once. The catalogue says whether it has been made. A mark on each pod's volume
// says before gpinitsystem that it may make the directories, and afterwards that they are complete. Do removes the directories of an
// interrupted gpinitsystem, and no others.
type initialiseHandler struct {
	remote *remote.Pods
	store  *record.Store
	pods   *pods.Pods
	db     *database.Database
	action plan.Initialise
	// state and details are what Check found, at the time checked.
	state   initState
	details []string
	checked time.Time
}

func (h *initialiseHandler) Check(ctx context.Context) (engine.Finding, error) {
	if down, err := h.pods.NotRunning(ctx, h.action.Topology.Pods()); err != nil || len(down) > 0 {
		return engine.Finding{State: engine.Unknown, Details: down}, err
	}
	state, details, err := h.look(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	h.state, h.details, h.checked = state, details, time.Now()
	switch state {
	case initialised:
		return engine.Finding{State: engine.Done}, nil
	case earlier:
		return engine.Finding{State: engine.Blocked, Details: details, Next: engine.Next("nothing was changed on the volumes; run ",
			plan.Gpk("delete"), ", which keeps them, then create the cluster with the gpk that made it, and then run ", plan.Gpk("convert"))}, nil
	case mismatch:
		return engine.Finding{State: engine.Blocked, Details: details, Next: engine.Next(
			"nothing was changed; compare cluster.yaml with ", plan.Gpk("status"), ", or use another name or other volumes for a new cluster")}, nil
	}
	return engine.PendingIf(append([]string{string(state)}, details...)), nil
}

// Do runs gpinitsystem, follows the one that is running, or starts a database that exists. It believes what Check found a moment ago:
// a running job and an existing directory refuse a second gpinitsystem by themselves.
func (h *initialiseHandler) Do(ctx context.Context, progress func(string)) (err error) {
	state, details := h.state, h.details
	if time.Since(h.checked) > database.AnswerLifetime {
		if state, details, err = h.look(ctx); err != nil {
			return err
		}
	}
	job := h.remote.Job(h.action.Topology.Coordinator().Pod, "gpinitsystem")
	switch state {
	case mismatch, earlier:
		return errors.New(engine.FirstOf(details))
	case initialising:
		progress("attaching to gpinitsystem, which is running")
		err = h.db.Follow(ctx, job, "gpinitsystem", progress)
	case encrypting:
		progress("attaching to gpstop, which is restarting the database")
		err = h.db.Follow(ctx, h.remote.Job(job.Pod, database.RestartJob), "gpstop", progress)
	case stopped:
		err = h.start(ctx, progress)
	case interrupted, notInitialised:
		if state == interrupted {
			progress("removing what an interrupted gpinitsystem left behind")
			// Each pod does it itself: clear kills all processes that name the directories, also one that calls it from another pod.
			if err := h.db.ClearUnfinished(ctx, database.ByPod(h.action.Topology.Instances)); err != nil {
				return err
			}
		}
		if _, err := h.db.Everywhere(ctx, job.Pod, "prepare", database.ByPod(h.action.Topology.Instances), ""); err != nil {
			return err
		}
		err = h.db.Run(ctx, job.Pod, job.Name, h.action.Utility, progress)
	}
	return errors.Join(err, h.markComplete(ctx, progress))
}

// markComplete marks every volume as complete, if the catalogue has all instances and they answer. It also replaces pg_hba.conf, where
// gpinitsystem has let in the addresses that the pods have now. It drops the password that gpinitsystem gives every
// administrator; a later password stays. The standby's own step marks its volume. The coordinator's mark comes last, and stands for all.
func (h *initialiseHandler) markComplete(ctx context.Context, progress func(string)) error {
	acting, err := h.db.Acting(ctx)
	if errors.Is(err, database.ErrNoCoordinator) {
		return nil
	}
	if err != nil || len(acting.Catalogue.Missing(h.action.Topology.Instances)) > 0 || acting.Pods[acting.Pod].Marker == segments.Initialised {
		return err
	}
	if answer, err := h.db.PrimariesAnswer(ctx, acting); err != nil || !answer {
		return err
	}
	group, both := errgroup.WithContext(ctx)
	group.Go(func() error {
		_, err := h.db.Query(both, acting, "postgres", segments.DropPasswordSQL)
		return err
	})
	var unencrypted *database.UnencryptedError
	group.Go(func() error {
		_, err := h.db.Authenticate(both, acting, h.action.Authentication)
		if errors.As(err, &unencrypted) {
			return nil
		}
		return err
	})
	if err := group.Wait(); err != nil {
		return err
	}
	if unencrypted != nil {
		if err := h.encrypt(ctx, acting, progress); err != nil {
			return err
		}
	}
	if _, err := h.db.Everywhere(ctx, acting.Pod, "finish", h.segmentPods(), ""); err != nil {
		return err
	}
	return h.db.MarkComplete(ctx, []database.PodDirs{{Pod: acting.Pod}})
}

// encrypt starts servers again that take their certificates at their start only, and gives them pg_hba.conf then. Nobody uses the database
// yet.
func (h *initialiseHandler) encrypt(ctx context.Context, acting database.Acting, progress func(string)) error {
	progress("restarting the database, which takes its certificates at its start only")
	if err := h.db.Run(ctx, acting.Pod, database.RestartJob, segments.Gprestart(), progress); err != nil {
		return err
	}
	_, err := h.db.Authenticate(ctx, acting, h.action.Authentication)
	return err
}

// segmentPods are the pods of the primaries and the mirrors.
func (h *initialiseHandler) segmentPods() []database.PodDirs {
	pods := database.ByPod(slices.Concat(h.action.Topology.Segments(topology.Primary), h.action.Topology.Segments(topology.Mirror)))
	for i := range pods {
		pods[i].Dirs = nil
	}
	return pods
}
