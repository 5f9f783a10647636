package expand

import (
	"context"
	"errors"
	"strings"
	"time"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// redistributeHandler starts gpexpand on the tables. It does not wait for its end, which may be days away: whoever holds the
// lock keeps others from a failover.
type redistributeHandler struct {
	remote   *remote.Pods
	db       *database.Database
	gpexpand *Gpexpand
	action   plan.Redistribute
	// started: it was, by this handler, and whether it still runs is not what the step is about.
	started bool
}

func (h *redistributeHandler) Check(ctx context.Context) (engine.Finding, error) {
	if h.started {
		return engine.Finding{State: engine.Done}, nil
	}
	return h.db.LookAt(ctx, func(ctx context.Context, acting database.Acting) (engine.Finding, error) {
		under, err := h.gpexpand.expansion(ctx, acting)
		if err != nil || under.Status == "" || under.Complete() {
			return engine.Finding{State: engine.Done}, err
		}
		return h.look(ctx, acting, under)
	})
}

// look tells gpk's own gpexpand, which can be followed to its end, from one that somebody has started by hand. gpk's is asked
// for first: it may end between the two questions.
func (h *redistributeHandler) look(ctx context.Context, acting database.Acting, under segments.Expansion) (engine.Finding, error) {
	own, err := h.remote.Job(acting.Pod, RedistributeJob).State(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	if own.Phase == "running" {
		return engine.Finding{State: engine.Done, Details: []string{"gpexpand is running, with the bounds that it was started with"}}, nil
	}
	facts, err := h.db.ExpansionFacts(ctx, []database.PodDirs{{Pod: acting.Pod}})
	if err != nil {
		return engine.Finding{}, err
	}
	if facts[acting.Pod].Runs {
		return engine.Finding{State: engine.Blocked, Details: []string{"a gpexpand is running in pod " + acting.Pod + " that gpk has not started"},
			Next: engine.Next("wait for its end, or stop it where it was started; then ", plan.Gpk("expand", "--resume"))}, nil
	}
	return engine.PendingIf([]string{under.String()}), nil
}

func (h *redistributeHandler) Do(ctx context.Context, _ func(string)) error {
	acting, err := h.db.Acting(ctx)
	if err != nil {
		return err
	}
	err = h.gpexpand.startGpexpand(ctx, h.remote.Job(acting.Pod, RedistributeJob), segments.Redistribute(h.action.Bounds))
	h.started = err == nil
	return err
}

// progressEvery is how often the redistribution is asked how far it is.
const progressEvery = 5 * time.Second

// FollowRedistribution waits for the end of a redistribution that is running, and says how far it has come. What gpexpand's
// exit status says is not asked: it is 0 for a time that is over and for tables that have failed.
func (g *Gpexpand) FollowRedistribution(ctx context.Context, progress func(string)) (segments.Expansion, error) {
	acting, err := g.db.Acting(ctx)
	if err != nil {
		return segments.Expansion{}, err
	}
	j := g.remote.Job(acting.Pod, RedistributeJob)
	state, err := j.State(ctx)
	if err != nil {
		return segments.Expansion{}, err
	}
	if state.Phase == "running" {
		asking, stop := context.WithCancel(ctx)
		defer stop()
		go g.tellExpansion(asking, acting, progress)
		err = g.db.Follow(ctx, j, "gpexpand", func(string) {})
		var exit *database.UtilityError
		if err != nil && !errors.As(err, &exit) {
			return segments.Expansion{}, err
		}
	}
	return g.expansionAtLast(ctx, progress)
}

// expansionAtLast asks again where the database refuses for a moment, as it does when it is short of memory: rows may have been
// moved for days by then.
func (g *Gpexpand) expansionAtLast(ctx context.Context, progress func(string)) (under segments.Expansion, err error) {
	err = engine.Until(ctx, database.SettlePatience, progress, func() ([]string, error) {
		var err error
		under, err = g.Expansion(ctx)
		var exit *remote.Error
		if errors.As(err, &exit) {
			return []string{exit.Why()}, nil
		}
		return nil, err
	}, "%s")
	return under, err
}

func (g *Gpexpand) tellExpansion(ctx context.Context, acting database.Acting, progress func(string)) {
	for engine.Sleep(ctx, progressEvery) == nil {
		if under, err := g.expansion(ctx, acting); err == nil && under.Status != "" {
			progress(under.String())
		}
	}
}

// RedistributionFaults are the last things that gpexpand said it could not do.
func (g *Gpexpand) RedistributionFaults(ctx context.Context) []string {
	acting, err := g.db.Acting(ctx)
	if err != nil {
		return nil
	}
	out, err := g.remote.Run(ctx, acting.Pod, segments.Script("job.sh", "tail", RedistributeJob))
	if err != nil {
		return nil
	}
	var faults []string
	for line := range strings.Lines(out) {
		if _, fault, found := strings.Cut(line, "[ERROR]:-"); found {
			faults = append(faults, strings.TrimSpace(fault))
		}
	}
	return faults
}
