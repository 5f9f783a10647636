// Package expand owns the steps that give a cluster more segments with gpexpand, and redistribute the rows over them.
package expand

import (
	"context"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// Register adds the handlers of an expansion.
func Register(r engine.Handlers, k *kube.Client, p *pods.Pods, rows *Redistribution) {
	g := &gpexpand{rows.remote, p, rows.db, rows}
	engine.Handle(r, func(a plan.Expandable) engine.Handler { return &expandableHandler{kube: k, gpexpand: g, action: a} })
	engine.Handle(r, func(a plan.Room) engine.Handler { return &roomHandler{gpexpand: g, action: a} })
	engine.Handle(r, func(a plan.Setup) engine.Handler { return &setupHandler{g, a} })
	engine.Handle(r, func(a plan.Complete) engine.Handler { return &completeHandler{g, a} })
	engine.Handle(r, func(a plan.Unset) engine.Handler { return &rollbackHandler{g, a} })
	engine.Handle(r, func(a plan.Redistribute) engine.Handler { return &redistributeHandler{gpexpand: g, action: a} })
	engine.Handle(r, func(plan.DropExpansion) engine.Handler { return &dropSchemaHandler{g} })
	engine.Handle(r, func(plan.Analyze) engine.Handler { return &analyzeHandler{db: rows.db} })
}

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
		err = g.db.Follow(ctx, g.remote.Job(pod, job), "gpexpand", progress)
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
