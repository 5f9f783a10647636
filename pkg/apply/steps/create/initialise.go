package create

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// initialiseHandler makes the database with gpinitsystem, once. Whether it has been made is read from the catalogue. What an
// initialisation that never finished has left behind is removed, and nothing else: the pods' volumes note beforehand that
// the directories are about to be made, and afterwards that they are complete.
type initialiseHandler struct {
	remote *remote.Pods
	store  *record.Store
	pods   *pods.Pods
	db     *database.Database
	action plan.Initialise
	// found and details are what Check saw, and looked when.
	found   situation
	details []string
	looked  time.Time
}

// situation is what the facts say of the initialisation.
type situation string

const (
	fresh     situation = "no instance has been initialised yet"
	underWay  situation = "gpinitsystem is running"
	abandoned situation = "an initialisation that did not finish left its directories behind"
	unmarked  situation = "the instances are complete and not yet noted as such"
	stopped   situation = "the database is stopped"
	complete  situation = "the database is there"
	conflict  situation = "what is there is not what is wanted"
)

func (h *initialiseHandler) Check(ctx context.Context) (engine.Finding, error) {
	if down, err := h.pods.NotRunning(ctx, h.action.Topology.Pods()); err != nil || len(down) > 0 {
		return engine.Finding{State: engine.Unknown, Details: down}, err
	}
	found, details, err := h.look(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	h.found, h.details, h.looked = found, details, time.Now()
	switch found {
	case complete:
		return engine.Finding{State: engine.Done}, nil
	case conflict:
		return engine.Finding{State: engine.Blocked, Details: details, Next: engine.Next("nothing was changed: compare cluster.yaml with ", plan.Gpk("status"), ", or take another name or other volumes for a new cluster")}, nil
	}
	return engine.Finding{State: engine.Pending, Details: append([]string{string(found)}, details...)}, nil
}

// Do starts or attaches to gpinitsystem, whatever the situation asks for. What Check saw a moment ago is not looked at again:
// a job that runs and a directory that exists refuse a second one by themselves.
func (h *initialiseHandler) Do(ctx context.Context, progress func(string)) (err error) {
	found, details := h.found, h.details
	if time.Since(h.looked) > database.AnswerHolds {
		if found, details, err = h.look(ctx); err != nil {
			return err
		}
	}
	j := h.remote.Job(h.action.Topology.Coordinator().Pod, "gpinitsystem")
	switch found {
	case conflict:
		return errors.New(engine.FirstOf(details))
	case underWay:
		progress("attaching to gpinitsystem, which is running")
		err = h.db.Follow(ctx, j, "gpinitsystem", progress)
	case stopped:
		err = h.bringBack(ctx, progress)
	case abandoned, fresh:
		if found == abandoned {
			progress("removing what an initialisation that did not finish left behind")
			// In each pod: clear kills whatever names the directories, and that would be a call from elsewhere too.
			if err := h.db.ClearUnfinished(ctx, database.ByPod(h.action.Topology.Instances)); err != nil {
				return err
			}
		}
		if _, err := h.db.Everywhere(ctx, j.Pod, "prepare", database.ByHost(h.action.Topology.Instances), ""); err != nil {
			return err
		}
		err = h.db.Run(ctx, j.Pod, j.Name, h.action.Utility, progress)
	}
	return errors.Join(err, h.mark(ctx))
}

// restartPatience is how long pods that restart get to bring their instances back by themselves: keep.sh waits a
// minute for hosts that do not answer.
const restartPatience = 100 * time.Second

// bringBack starts a database that was made before. Pods that know who is to act do so by themselves, and a second gpstart
// beside theirs would only be in the way; gpstart is for what was stopped, and for volumes that were adopted.
func (h *initialiseHandler) bringBack(ctx context.Context, progress func(string)) error {
	state, err := h.store.State(ctx)
	if err != nil {
		return err
	}
	if state[plan.StateDatabase] == record.DatabaseRuns {
		progress("waiting for the pods to bring their instances back")
		for until := time.Now().Add(restartPatience); time.Now().Before(until); {
			if _, err := h.db.Acting(ctx); !errors.Is(err, database.ErrSilent) {
				return err
			}
			if err := engine.Sleep(ctx, time.Second); err != nil {
				return err
			}
		}
	}
	pod := state[plan.StateCoordinator]
	if pod == "" {
		if pod, err = h.lastActing(ctx); err != nil {
			return err
		}
	}
	gpstart, err := h.db.Gpstart(ctx, pod, h.heads(), pods.PodPatience, progress)
	if err != nil {
		return err
	}
	return h.db.Run(ctx, pod, database.StartJob, gpstart, progress)
}

// heads are the hosts of the coordinator and the standby.
func (h *initialiseHandler) heads() []string {
	hosts := []string{h.action.Topology.Coordinator().Host}
	if standby, wanted := h.action.Topology.Standby(); wanted {
		hosts = append(hosts, standby.Host)
	}
	return hosts
}

// lastActing is the coordinators' pod whose volume has the coordinator, where the cluster's state has gone with `gpk delete`: since a
// failover that may be the second one, and the first has a standby.
func (h *initialiseHandler) lastActing(ctx context.Context) (string, error) {
	first := h.action.Topology.Coordinator().Pod
	standby, wanted := h.action.Topology.Standby()
	if !wanted {
		return first, nil
	}
	var leads []string
	for _, pod := range []string{first, standby.Pod} {
		f, err := h.db.Following(ctx, pod)
		if err != nil {
			return "", err
		}
		if f.Instance != "absent" && !f.Follows {
			leads = append(leads, pod)
		}
	}
	switch len(leads) {
	case 0:
		return first, nil
	case 1:
		return leads[0], nil
	}
	return "", &engine.NextError{Err: fmt.Errorf("the volumes of pods %s and %s both hold a coordinator, since a failover made no standby of the old one",
		first, standby.Pod), Next: engine.Next("move " + topology.CoordinatorDir + " aside in the pod of the old one, whose timeline is the lower " +
		"(pg_controldata), and run the same command again")}
}

// mark notes on every volume that its instances are complete, if the catalogue says so and it has not been noted before,
// and makes the segments know the acting coordinator by each of its names. The standby's pod is left to the standby's step,
// and the coordinator comes last: its mark speaks for all. By then the administrator has lost the password that gpinitsystem
// gives everybody's; one that is set later stays.
func (h *initialiseHandler) mark(ctx context.Context) error {
	acting, err := h.db.Acting(ctx)
	if errors.Is(err, database.ErrSilent) {
		return nil
	}
	if err != nil || len(acting.Catalogue.Missing(h.action.Topology.Instances)) > 0 {
		return err
	}
	if acting.Pods[acting.Pod].Marker == segments.Initialised {
		return nil
	}
	if answer, err := h.db.PrimariesAnswer(ctx, acting); err != nil || !answer {
		return err
	}
	err = engine.Each(ctx, []func(context.Context) error{
		func(ctx context.Context) error {
			_, err := h.db.Query(ctx, acting, "postgres", segments.DropPasswordSQL)
			return err
		},
		func(ctx context.Context) error {
			_, err := h.db.Everywhere(ctx, acting.Pod, "finish", h.segmentPods(acting.Catalogue), h.action.HBA)
			return err
		},
	}, func(ctx context.Context, _ int, do func(context.Context) error) error { return do(ctx) })
	if err != nil {
		return err
	}
	return h.db.MarkComplete(ctx, []database.PodDirs{{Pod: acting.Pod}})
}

// segmentPods are the pods of the primaries and the mirrors, with those of their instances that are up: one that is down gets
// a copy of its pair's pg_hba.conf when it is recovered.
func (h *initialiseHandler) segmentPods(catalogue segments.Catalogue) []database.HostDirs {
	var pods []database.HostDirs
	for _, pod := range database.ByHost(slices.Concat(h.action.Topology.Segments(topology.Primary), h.action.Topology.Segments(topology.Mirror))) {
		pod.Dirs = slices.DeleteFunc(pod.Dirs, func(dir string) bool {
			return !slices.ContainsFunc(catalogue, func(r segments.Row) bool { return r.Host == pod.Host && r.Dir == dir && r.Up() })
		})
		pods = append(pods, pod)
	}
	return pods
}

// look decides from the catalogue first, then from the job, then from the directories.
func (h *initialiseHandler) look(ctx context.Context) (situation, []string, error) {
	coordinator := h.action.Topology.Coordinator()
	acting, err := h.db.Acting(ctx)
	if err != nil && !errors.Is(err, database.ErrSilent) {
		return "", nil, err
	}
	answers, at := err == nil, acting.Pod
	var missing []string
	if answers {
		missing = acting.Catalogue.Missing(h.action.Topology.Instances)
	} else {
		decided, err := h.store.State(ctx)
		if err != nil {
			return "", nil, err
		}
		at = cmp.Or(decided[plan.StateCoordinator], coordinator.Pod)
	}
	marker := acting.Pods[at].Marker
	if answers && len(missing) == 0 && marker == segments.Initialised {
		return complete, nil, nil
	}
	state, err := h.remote.Job(coordinator.Pod, "gpinitsystem").State(ctx)
	if err != nil {
		return "", nil, err
	}
	switch {
	case state.Phase == "running":
		return underWay, []string{"since " + state.Since}, nil
	case answers && len(missing) == 0:
		if whole, err := h.db.PrimariesAnswer(ctx, acting); err != nil || whole {
			return unmarked, nil, err
		}
		return h.lookAtDirectories(ctx)
	case answers && marker == segments.Initialised:
		return conflict, missing, nil
	case marker == segments.Initialised, !answers && state.Phase == "exited" && state.Status == 0:
		return stopped, nil, nil
	}
	return h.lookAtDirectories(ctx)
}

// lookAtDirectories tells a clean start from an abandoned one, and from data that gpk did not make.
func (h *initialiseHandler) lookAtDirectories(ctx context.Context) (situation, []string, error) {
	pods := database.ByHost(h.action.Topology.Instances)
	facts, err := h.db.FactsFrom(ctx, h.action.Topology.Coordinator().Pod, pods)
	if err != nil {
		return "", nil, err
	}
	found := fresh
	var foreign []string
	for _, pod := range pods {
		switch fact := facts[pod.Pod]; {
		case !fact.Present():
		case fact.Marker == segments.Initialising:
			found = abandoned
		default:
			foreign = append(foreign, fmt.Sprintf("the volume of pod %s holds instances of another cluster, or of an earlier one", pod.Pod))
		}
	}
	if len(foreign) > 0 {
		return conflict, foreign, nil
	}
	return found, nil, nil
}
