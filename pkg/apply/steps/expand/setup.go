package expand

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// setupHandler has gpexpand make new segments, once. Whether they have been made is read from the catalogue; what an unfinished
// gpexpand has left behind, from its own notes beside the coordinator's data and from gpk's on the volumes.
type setupHandler struct {
	remote   *remote.Pods
	pods     *pods.Pods
	db       *database.Database
	gpexpand *Gpexpand
	action   plan.Setup
}

// setup is what the facts say of the new segments.
type setup string

const (
	setupFresh     setup = "the catalogue has no new segments yet"
	setupRuns      setup = "gpexpand is running"
	setupAbandoned setup = "a gpexpand that did not finish left its work behind"
	setupBetween   setup = "gpexpand was stopped right after the catalogue was changed"
	setupHalf      setup = "the catalogue has the new segments, and gpexpand has not come to its end"
	setupDone      setup = "the new segments are there"
	setupConflict  setup = "what is there is not what is wanted"
)

func (h *setupHandler) Check(ctx context.Context) (engine.Finding, error) {
	if down, err := h.pods.NotRunning(ctx, database.PodNames(database.ByPod(h.action.New))); err != nil || len(down) > 0 {
		return engine.Finding{State: engine.Unknown, Details: down}, err
	}
	return h.db.LookAt(ctx, func(ctx context.Context, acting database.Acting) (engine.Finding, error) {
		found, details, err := h.look(ctx, acting)
		switch {
		case err != nil:
			return engine.Finding{}, err
		case found == setupDone:
			return engine.Finding{State: engine.Done}, nil
		case found == setupConflict:
			return engine.Finding{State: engine.Blocked, Details: details, Next: engine.Next("nothing was changed: see what ", plan.Gpk("status"), " says of it")}, nil
		}
		return engine.Finding{State: engine.Pending, Details: append([]string{string(found)}, details...)}, nil
	})
}

// look decides from the catalogue first, and then from what gpexpand has noted.
func (h *setupHandler) look(ctx context.Context, acting database.Acting) (setup, []string, error) {
	pods := database.ByPod(h.action.New)
	facts, err := h.db.ExpansionFacts(ctx, append([]database.PodDirs{{Pod: acting.Pod}}, pods...))
	if err != nil {
		return "", nil, err
	}
	noted := facts[acting.Pod]
	if noted.Runs {
		return h.lookAtRunning(ctx, acting)
	}
	rows := catalogued(acting.Catalogue, h.action.New)
	if len(rows) == 0 {
		return h.lookBefore(pods, facts, noted)
	}
	if missing := acting.Catalogue.Missing(h.action.New); len(missing) > 0 {
		return setupConflict, missing, nil
	}
	switch noted.Setup {
	case segments.NoSetup:
		return setupDone, nil, nil
	case segments.CatalogueStarted:
		return setupBetween, nil, nil
	}
	return setupHalf, nil, nil
}

// lookAtRunning tells gpk's own gpexpand from somebody else's.
func (h *setupHandler) lookAtRunning(ctx context.Context, acting database.Acting) (setup, []string, error) {
	switch name, since, err := h.gpexpand.runningGpexpand(ctx, acting); {
	case err != nil:
		return "", nil, err
	case name == SetupJob:
		return setupRuns, []string{"since " + since}, nil
	case name == RollbackJob:
		return setupAbandoned, []string{"gpexpand is taking it back since " + since}, nil
	}
	return setupConflict, []string{"a gpexpand is running in pod " + acting.Pod + " that gpk has not started"}, nil
}

// lookBefore is for a catalogue without any of the new segments.
func (h *setupHandler) lookBefore(pods []database.PodDirs, facts map[string]segments.ExpansionFacts,
	noted segments.ExpansionFacts) (setup, []string, error) {
	found := setupFresh
	if noted.Setup != segments.NoSetup {
		found = setupAbandoned
	}
	for _, pod := range pods {
		for _, dir := range slices.Sorted(maps.Keys(facts[pod.Pod].Instances)) {
			switch instance := facts[pod.Pod].Instances[dir]; {
			case instance.State == "absent":
			case instance.New:
				found = setupAbandoned
			default:
				return setupConflict, []string{fmt.Sprintf("pod %s has a %s that no expansion has made", pod.Pod, dir)}, nil
			}
		}
	}
	return found, nil, nil
}

// Do starts gpexpand, or attaches to it, or goes on where it was stopped, whatever the facts ask for.
func (h *setupHandler) Do(ctx context.Context, progress func(string)) error {
	acting, err := h.db.Acting(ctx)
	if err != nil {
		return err
	}
	found, details, err := h.look(ctx, acting)
	if err != nil {
		return err
	}
	rows := acting.Catalogue.NewRows(h.action.New)
	switch found {
	case setupConflict:
		return errors.New(engine.FirstOf(details))
	case setupRuns:
		progress("attaching to gpexpand, which is running")
		return h.db.Follow(ctx, h.remote.Job(acting.Pod, SetupJob), "gpexpand", progress)
	case setupAbandoned:
		if err := h.gpexpand.unset(ctx, acting, h.action.New, progress); err != nil {
			return err
		}
		fallthrough
	case setupFresh:
		if err := h.gpexpand.expand(ctx, "prepare", database.ByPod(h.action.New)); err != nil {
			return err
		}
	case setupBetween:
		if err := h.gpexpand.expand(ctx, "forward", []database.PodDirs{{Pod: acting.Pod}}); err != nil {
			return err
		}
	}
	if found == setupDone {
		return nil
	}
	return h.gpexpand.gpexpand(ctx, acting, SetupJob, segments.ExpandSetup(rows), progress)
}
