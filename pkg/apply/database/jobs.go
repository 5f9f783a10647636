package database

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
)

// Names of the durable jobs that start and stop the database, and that make the standby its coordinator.
const (
	StartJob    = "gpstart"
	StopJob     = "gpstop"
	RestartJob  = "gpstop-restart"
	ActivateJob = "gpactivatestandby"
)

// AwaitJobs waits for the jobs of these names that an earlier gpk has started in the pod of the coordinator that must act: no
// start may run during a stop. A later Check finds how they ended. It returns at once if that pod is silent.
func (u *Utilities) AwaitJobs(ctx context.Context, names []string, progress func(string)) error {
	state, err := u.coordinators.store.State(ctx)
	if err != nil {
		return err
	}
	pod := state[plan.StateCoordinator]
	if runs, err := u.pods.Runs(ctx, pod); err != nil || !runs || u.remote.Ways.Unreachable(remote.ByExec(pod)) != nil {
		return err
	}
	jobs := make([]remote.Job, len(names))
	for i, name := range names {
		jobs[i] = u.remote.Job(pod, name)
	}
	running, err := onlyRunning(ctx, jobs, remote.Job.Answer)
	if remote.Refused(err) {
		return err
	}
	if err != nil {
		return context.Cause(ctx)
	}
	return u.await(ctx, running, progress)
}

// RunningJobs are all that earlier gpks have started in the coordinators' pods and that still run. It asks no pod that was unreachable a
// moment ago.
func (u *Utilities) RunningJobs(ctx context.Context) ([]remote.Job, error) {
	pods, err := u.coordinators.RunningCoordinatorPods(ctx)
	if err != nil {
		return nil, err
	}
	var all []remote.Job
	for _, pod := range pods {
		if u.remote.Ways.Unreachable(remote.ByExec(pod)) != nil {
			continue
		}
		jobs, err := u.remote.Jobs(ctx, pod)
		if err != nil {
			return nil, err
		}
		all = append(all, jobs...)
	}
	return onlyRunning(ctx, all, remote.Job.State)
}

func onlyRunning(ctx context.Context, jobs []remote.Job, ask func(remote.Job, context.Context) (remote.JobState, error)) (
	[]remote.Job, error) {
	states := make([]remote.JobState, len(jobs))
	err := engine.Each(ctx, jobs, func(ctx context.Context, i int, job remote.Job) (err error) {
		states[i], err = ask(job, ctx)
		return err
	})
	var running []remote.Job
	for i, job := range jobs {
		if states[i].Phase == "running" {
			running = append(running, job)
		}
	}
	return running, err
}

// await waits until jobs have ended, well or badly.
func (u *Utilities) await(ctx context.Context, jobs []remote.Job, progress func(string)) error {
	for _, job := range jobs {
		progress("waiting for " + job.Name + ", which an earlier gpk started")
		var exit *UtilityError
		if err := u.Follow(ctx, job, job.Name, progress); err != nil && !errors.As(err, &exit) {
			return err
		}
	}
	return nil
}

// orphanPatience is how long a utility may go on without a database.
const orphanPatience = 10 * time.Minute

// AwaitOrphans waits for all jobs that still run when the database is stopped, and reports whether there were any. They fail without a
// database, and may have started instances until then.
func (u *Utilities) AwaitOrphans(ctx context.Context, progress func(string)) (waited bool, err error) {
	jobs, err := u.RunningJobs(ctx)
	if err != nil || len(jobs) == 0 {
		return false, err
	}
	patient, cancel := context.WithTimeoutCause(ctx, orphanPatience,
		fmt.Errorf("a utility still runs %s after the database was stopped, and may start instances", orphanPatience))
	defer cancel()
	err = u.await(patient, jobs, progress)
	if err != nil && patient.Err() != nil && ctx.Err() == nil {
		err = &engine.NextError{Err: err, Next: engine.Next("end the utility in that pod, then run the same command again")}
	}
	return true, err
}
