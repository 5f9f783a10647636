package expand

import (
	"context"
	"errors"
	"slices"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/remote"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// The jobs of an expansion. A later gpk finds a job by its name.
const (
	SetupJob        = "gpexpand-setup"
	RollbackJob     = "gpexpand-rollback"
	RedistributeJob = "gpexpand-redistribute"
)

// gpexpand runs the utility in the acting coordinator's pod, and reads what the pods have of an expansion.
type gpexpand struct {
	remote         *remote.Pods
	pods           *pods.Pods
	db             *database.Database
	redistribution *Redistribution
}

// traces are what an expansion has left in pods.
type traces struct {
	// ExpansionFacts are those of the acting coordinator's pod.
	segments.ExpansionFacts
	pods map[string]segments.ExpansionFacts
	// job is the one whose gpexpand is running, and since when; "" if gpk did not start it.
	job, since string
}

// traces asks the acting coordinator's pod and others, all at once. If a gpexpand is running it finds the job. A job may end between the
// two questions, so it asks again before it reports somebody else's gpexpand.
func (g *gpexpand) traces(ctx context.Context, acting database.Acting, others []database.PodDirs) (found traces, err error) {
	for range 2 {
		if found.pods, err = g.db.ExpansionFacts(ctx, append([]database.PodDirs{{Pod: acting.Pod}}, others...)); err != nil {
			return traces{}, err
		}
		found.ExpansionFacts = found.pods[acting.Pod]
		if !found.Runs {
			return found, nil
		}
		for _, job := range []string{SetupJob, RollbackJob, RedistributeJob} {
			state, err := g.remote.Job(acting.Pod, job).State(ctx)
			if err != nil {
				return traces{}, err
			}
			if state.Phase == "running" {
				found.job, found.since = job, state.Since
				return found, nil
			}
		}
	}
	return found, nil
}

// foreign describes a gpexpand that is running in a pod and belongs to no job.
func foreign(pod string) string {
	return "gpk did not start the gpexpand that is running in pod " + pod
}

// unfinished describes the directories that an expansion has made, or was about to make, and not finished.
func (t traces) unfinished(pods []database.PodDirs) []string {
	var found []string
	for _, pod := range pods {
		for _, dir := range pod.Dirs {
			if t.pods[pod.Pod].Instances[dir].New {
				found = append(found, "the instance in "+dir+" of pod "+pod.Pod+" is unfinished")
			}
		}
	}
	return found
}

// script calls a verb of expand.sh in several pods at once.
func (g *gpexpand) script(ctx context.Context, verb string, pods ...database.PodDirs) error {
	return engine.Each(ctx, pods, func(ctx context.Context, _ int, pod database.PodDirs) error {
		_, err := g.remote.Run(ctx, pod.Pod, segments.ExpandScript(verb, pod.Dirs...))
		return err
	})
}

// run runs gpexpand as a job to its end, or follows the job if it is running.
func (g *gpexpand) run(ctx context.Context, pod, job string, utility segments.Utility, progress func(string)) error {
	err := g.start(ctx, pod, job, utility)
	if err == nil {
		err = g.follow(ctx, pod, job, progress)
	}
	return err
}

// start starts gpexpand as a job, unless the job is running. The pid file of an earlier gpexpand, if that was killed, would keep it from
// starting.
func (g *gpexpand) start(ctx context.Context, pod, job string, utility segments.Utility) error {
	if err := g.script(ctx, "unlock", database.PodDirs{Pod: pod}); err != nil {
		return err
	}
	_, err := g.remote.Job(pod, job).Start(ctx, utility)
	return err
}

func (g *gpexpand) follow(ctx context.Context, pod, job string, progress func(string)) error {
	return g.db.Follow(ctx, g.remote.Job(pod, job), "gpexpand", progress)
}

// rollback has gpexpand roll its setup back, if there is one, and removes what is left in the new pods that are running. gpexpand needs
// an answer from every new host. If it cannot roll back, rollback removes its status files: the catalogue was not changed.
func (g *gpexpand) rollback(ctx context.Context, acting database.Acting, instances []topology.Instance, progress func(string)) error {
	found, err := g.traces(ctx, acting, nil)
	if err != nil {
		return err
	}
	if found.Setup != segments.NoSetup {
		progress("gpexpand rolls its unfinished setup back")
		err := g.run(ctx, acting.Pod, RollbackJob, segments.ExpandRollback(acting.Catalogue.NewRows(instances)), progress)
		var exit *database.UtilityError
		if err != nil && !errors.As(err, &exit) {
			return err
		}
		if found, err = g.traces(ctx, acting, nil); err != nil {
			return err
		}
	}
	if found.Setup != segments.NoSetup {
		progress("gpexpand could not roll back: removing its status files")
		var coordinators []database.PodDirs
		for _, pod := range database.CoordinatorPods(acting) {
			coordinators = append(coordinators, database.PodDirs{Pod: pod})
		}
		if err := g.script(ctx, "forget", coordinators...); err != nil {
			return err
		}
	}
	running, err := g.running(ctx, instances)
	if err != nil {
		return err
	}
	return g.script(ctx, "clear", running...)
}

// running are the pods of instances that are running, with the directories of the instances.
func (g *gpexpand) running(ctx context.Context, instances []topology.Instance) ([]database.PodDirs, error) {
	list, err := g.pods.List(ctx)
	return slices.DeleteFunc(database.ByPod(instances), func(pod database.PodDirs) bool {
		return !slices.ContainsFunc(list, pods.ByNameRunning(pod.Pod))
	}), err
}
