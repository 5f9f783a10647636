package apply

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"time"

	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// redistributeHandler starts gpexpand on the tables. It does not wait for its end, which may be days away: whoever holds the
// lock keeps others from a failover.
type redistributeHandler struct {
	target *Target
	action plan.Redistribute
	// started: it was, by this handler, and whether it still runs is not what the step is about.
	started bool
}

func (h *redistributeHandler) Check(ctx context.Context) (Finding, error) {
	if h.started {
		return Finding{State: Done}, nil
	}
	return h.target.lookAt(ctx, func(ctx context.Context, acting Acting) (Finding, error) {
		under, err := h.target.expansion(ctx, acting)
		if err != nil || under.Status == "" || under.Complete() {
			return Finding{State: Done}, err
		}
		return h.look(ctx, acting, under)
	})
}

// look tells gpk's own gpexpand, which can be followed to its end, from one that somebody has started by hand. gpk's is asked
// for first: it may end between the two questions.
func (h *redistributeHandler) look(ctx context.Context, acting Acting, under segments.Expansion) (Finding, error) {
	own, err := h.target.remote.Job(acting.Pod, redistributeJob).State(ctx)
	if err != nil {
		return Finding{}, err
	}
	if own.Phase == "running" {
		return Finding{State: Done, Details: []string{"gpexpand is running, with the bounds that it was started with"}}, nil
	}
	facts, err := h.target.expansionFacts(ctx, []podDirs{{pod: acting.Pod}})
	if err != nil {
		return Finding{}, err
	}
	if facts[acting.Pod].Runs {
		return Finding{State: Blocked, Details: []string{"a gpexpand is running in pod " + acting.Pod + " that gpk has not started"},
			Next: "wait for its end, or stop it where it was started; then gpk expand --resume"}, nil
	}
	return pendingIf([]string{under.String()}), nil
}

func (h *redistributeHandler) Do(ctx context.Context, _ func(string)) error {
	acting, err := h.target.Acting(ctx)
	if err != nil {
		return err
	}
	err = h.target.startGpexpand(ctx, h.target.remote.Job(acting.Pod, redistributeJob), segments.Redistribute(h.action.Bounds))
	h.started = err == nil
	return err
}

// progressEvery is how often the redistribution is asked how far it is.
const progressEvery = 5 * time.Second

// FollowRedistribution waits for the end of a redistribution that is running, and says how far it has come. What gpexpand's
// exit status says is not asked: it is 0 for a time that is over and for tables that have failed.
func (t *Target) FollowRedistribution(ctx context.Context, progress func(string)) (segments.Expansion, error) {
	acting, err := t.Acting(ctx)
	if err != nil {
		return segments.Expansion{}, err
	}
	j := t.remote.Job(acting.Pod, redistributeJob)
	state, err := j.State(ctx)
	if err != nil {
		return segments.Expansion{}, err
	}
	if state.Phase == "running" {
		asking, stop := context.WithCancel(ctx)
		defer stop()
		go t.tellExpansion(asking, acting, progress)
		err = t.follow(ctx, j, "gpexpand", func(string) {})
		var exit *UtilityError
		if err != nil && !errors.As(err, &exit) {
			return segments.Expansion{}, err
		}
	}
	return t.expansionAtLast(ctx, progress)
}

// expansionAtLast asks again where the database refuses for a moment, as it does when it is short of memory: rows may have been
// moved for days by then.
func (t *Target) expansionAtLast(ctx context.Context, progress func(string)) (under segments.Expansion, err error) {
	err = until(ctx, settlePatience, progress, func() ([]string, error) {
		var err error
		under, err = t.Expansion(ctx)
		var exit *remote.Error
		if errors.As(err, &exit) {
			return []string{exit.Why()}, nil
		}
		return nil, err
	}, "%s")
	return under, err
}

func (t *Target) tellExpansion(ctx context.Context, acting Acting, progress func(string)) {
	for sleep(ctx, progressEvery) == nil {
		if under, err := t.expansion(ctx, acting); err == nil && under.Status != "" {
			progress(under.String())
		}
	}
}

// RedistributionFaults are the last things that gpexpand said it could not do.
func (t *Target) RedistributionFaults(ctx context.Context) []string {
	acting, err := t.Acting(ctx)
	if err != nil {
		return nil
	}
	out, err := t.remote.Run(ctx, acting.Pod, segments.Script("job.sh", "tail", redistributeJob))
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

// dropExpansionHandler removes gpexpand's schema, but not before all tables are done: what it lists cannot be had again.
type dropExpansionHandler struct{ target *Target }

func (h *dropExpansionHandler) Check(ctx context.Context) (Finding, error) {
	return h.target.lookAt(ctx, func(ctx context.Context, acting Acting) (Finding, error) {
		under, err := h.target.expansion(ctx, acting)
		switch {
		case err != nil || under.Status == "":
			return Finding{State: Done}, err
		case !under.Complete():
			return Finding{State: Blocked, Details: []string{"tables are left: " + under.String()}, Next: "gpk expand --resume"}, nil
		}
		return pendingIf([]string{"all tables are done, and gpexpand's schema is there"}), nil
	})
}

func (h *dropExpansionHandler) Do(ctx context.Context, _ func(string)) error {
	acting, err := h.target.Acting(ctx)
	if err != nil {
		return err
	}
	if err := h.target.expand(ctx, "unlock", []podDirs{{pod: acting.Pod}}); err != nil {
		return err
	}
	_, err = h.target.remote.Run(ctx, acting.Pod, segments.DropExpansion())
	return err
}

// analyzeHandler gathers the statistics of every database. Nothing shows afterwards that it has, so it is done once it was.
type analyzeHandler struct {
	target *Target
	done   bool
}

func (h *analyzeHandler) Check(context.Context) (Finding, error) {
	if h.done {
		return Finding{State: Done}, nil
	}
	return pendingIf([]string{"the statistics are to be gathered"}), nil
}

func (h *analyzeHandler) Do(ctx context.Context, progress func(string)) error {
	acting, err := h.target.Acting(ctx)
	if err != nil {
		return err
	}
	databases, err := h.target.databases(ctx, acting)
	if err != nil {
		return err
	}
	for _, database := range databases {
		progress("database " + database)
		name := fmt.Sprintf("analyze-%.6x", sha256.Sum256([]byte(database)))
		if err := h.target.runJob(ctx, acting.Pod, name, segments.Analyze(database), progress); err != nil {
			return fmt.Errorf("database %s: %w", database, err)
		}
	}
	h.done = true
	return nil
}
