package standby

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
	"gpk/pkg/topology"
)

const (
	// job is the name of gpinitstandby's job.
	job = "gpinitstandby"
	// syncPatience is how long a standby gets to follow after a restart of its pod, and to catch up once it is made.
	syncPatience = time.Minute
)

func (h *handler) Do(ctx context.Context, progress func(string)) error {
	err := h.do(ctx, progress)
	if err == nil || ctx.Err() != nil || !h.rules.triesOnce {
		return err
	}
	h.tried = true
	progress("gpk tries again after the segments: " + err.Error())
	return nil
}

// do makes the standby, marks its volume as complete, and removes what it moved aside once the new standby is in sync.
func (h *handler) do(ctx context.Context, progress func(string)) error {
	acting, err := h.db.RecentActing(ctx)
	if err != nil {
		return err
	}
	place := h.place(acting)
	err = h.attachOrMake(ctx, acting, place, progress)
	if err != nil && h.rules.replaces {
		return err
	}
	if err := errors.Join(err, h.mark(ctx)); err != nil || !h.rules.replaces {
		return err
	}
	if err := h.awaitSync(ctx, progress); err != nil {
		return err
	}
	return h.discard(ctx, acting.Pod, place.Pod, progress)
}

// authenticate takes back what gpinitstandby, even one that failed, has let in. A pod that is away is asked by the plan's last steps.
// A line that the server refuses is told: the standby is worth more, and the plan's last steps fail for it.
func (h *handler) authenticate(ctx context.Context, progress func(string)) error {
	acting, err := h.db.Acting(ctx)
	if err != nil {
		return err
	}
	done, err := h.db.Authenticate(ctx, acting, h.authentication)
	if done.Refused != "" {
		progress(done.Refused)
	}
	return err
}

// discard removes the data that were moved aside, but for those that may have commits which the acting coordinator lacks: nobody else has
// them.
func (h *handler) discard(ctx context.Context, acting, pod string, progress func(string)) error {
	out, err := h.remote.Run(ctx, acting, segments.AskTimelines())
	if err == nil {
		_, err = h.db.Aside(ctx, pod)
	}
	if exit, ok := errors.AsType[*remote.Error](err); ok && exit.UnknownVerb() {
		// The scripts of one of the pods are those of an earlier gpk, which would remove everything.
		progress(fmt.Sprintf("pod %s keeps what was moved aside: %v", pod, exit))
		return nil
	}
	if err != nil {
		return err
	}
	timelines, err := segments.ParseTimelines(out)
	if err != nil {
		return err
	}
	kept, err := h.db.Discard(ctx, pod, timelines...)
	for _, copied := range kept {
		progress(fmt.Sprintf("pod %s keeps the old coordinator's data in %s: commits that the new one lacks: %s", pod, copied.Dir,
			copied.Commits))
	}
	return err
}

// attachOrMake waits for a gpinitstandby that runs, or makes the standby. After Check has just seen an empty place, it does not ask again:
// a second gpinitstandby fails by itself where one runs or the directory exists.
func (h *handler) attachOrMake(ctx context.Context, acting database.Acting, place topology.Instance, progress func(string)) error {
	if time.Since(h.seenEmpty) < database.AnswerLifetime {
		return h.initialise(ctx, acting, place, progress)
	}
	j := h.remote.Job(acting.Pod, job)
	state, err := j.State(ctx)
	switch {
	case err != nil:
		return err
	case state.Phase == "running":
		progress("attaching to gpinitstandby, which is running")
		return errors.Join(h.db.Follow(ctx, j, "gpinitstandby", progress), h.authenticate(ctx, progress))
	}
	if h.rules.replaces {
		if answers, err := h.answers(ctx, acting, place.Pod); err != nil {
			return err
		} else if !answers {
			next := engine.Next("repair the pod or its node, then run the same command again")
			if len(h.pods.Lost(ctx, []string{place.Pod})) > 0 {
				next = engine.Next(h.pods.ByForce(place.Pod), ", and run this again")
			}
			return &engine.NextError{Err: fmt.Errorf("%s does not answer: gpk cannot make a standby in it", h.remote.Where(ctx, place.Pod)),
				Next: next}
		}
	}
	if row, found := acting.Catalogue.Standby(); found {
		if usable, err := h.usable(ctx, row, progress); usable || err != nil {
			return err
		}
		if err := h.db.Run(ctx, acting.Pod, "gpinitstandby-remove", segments.RemoveStandby(), progress); err != nil {
			return err
		}
	}
	if err := h.vacate(ctx, place); err != nil {
		return err
	}
	return h.initialise(ctx, acting, place, progress)
}

// usable reports whether the standby of the catalogue can stay, or can follow again. Then nobody copies all data.
func (h *handler) usable(ctx context.Context, row segments.Row, progress func(string)) (bool, error) {
	switch {
	case !h.rules.replaces:
		return row.InSync(), nil
	case h.rules.fromScratch:
		return false, nil
	}
	pod := row.Pod()
	if _, err := h.remote.Run(ctx, pod, segments.StartStandby()); err != nil {
		progress(err.Error())
		return false, ctx.Err()
	}
	facts, err := h.db.Facts(ctx, []database.PodDirs{{Pod: pod, Dirs: []string{topology.CoordinatorDir}}})
	if err != nil || facts[pod].Instances[topology.CoordinatorDir] != segments.Running {
		return false, err
	}
	if err := h.awaitSync(ctx, progress); err != nil {
		progress(err.Error())
		return false, ctx.Err()
	}
	return true, nil
}

// vacate frees the place. It moves data aside, or removes what an interrupted gpinitstandby has left.
func (h *handler) vacate(ctx context.Context, place topology.Instance) error {
	if !h.rules.replaces {
		return h.db.ClearUnfinished(ctx, database.ByPod([]topology.Instance{place}))
	}
	// An instance that runs there is no standby of this coordinator any more.
	for _, command := range []segments.Command{segments.HaltCoordinator(segments.Fast, ""), segments.MoveCoordinatorAside()} {
		if _, err := h.remote.Run(ctx, place.Pod, command); err != nil {
			return err
		}
	}
	return nil
}

// initialise runs gpinitstandby onto a free place.
func (h *handler) initialise(ctx context.Context, acting database.Acting, place topology.Instance, progress func(string)) error {
	if !h.rules.replaces {
		if err := h.db.Prepare(ctx, database.ByPod([]topology.Instance{place})); err != nil {
			return err
		}
	}
	return errors.Join(h.db.Run(ctx, acting.Pod, job, segments.InitStandby(place), progress), h.authenticate(ctx, progress))
}

// mark records on the standby's volume that it is complete, if the catalogue has the standby.
func (h *handler) mark(ctx context.Context) error {
	acting, err := h.db.Acting(ctx)
	row, found := acting.Catalogue.Standby()
	if err != nil || !found {
		return err
	}
	return h.db.MarkComplete(ctx, []database.PodDirs{{Pod: row.Pod()}})
}

func (h *handler) awaitSync(ctx context.Context, progress func(string)) error {
	err := engine.Until(ctx, syncPatience, progress, func() ([]string, error) {
		acting, err := h.db.Acting(ctx)
		if row, found := acting.Catalogue.Standby(); err == nil && (!found || !row.InSync()) {
			return []string{"the standby is not in sync yet"}, nil
		}
		return nil, err
	}, "%s: gpk waited for "+syncPatience.String())
	if _, timedOut := errors.AsType[*engine.TimeoutError](err); timedOut {
		return &engine.NextError{Err: err, Next: engine.Next(plan.Gpk("logs"), " shows why")}
	}
	return err
}
