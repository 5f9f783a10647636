// Package standby owns the standby coordinator: it makes one with gpinitstandby, in the pod that does not act.
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

// Register adds the handler of the standby coordinator, with the rules of each operation that makes one.
func Register(r engine.Handlers, remote *remote.Pods, p *pods.Pods, db *database.Database) {
	handler := func(coordinators []topology.Instance, lines plan.Authentication, rules rules) engine.Handler {
		return &handler{remote: remote, pods: p, db: db, coordinators: coordinators, authentication: lines, rules: rules}
	}
	engine.Handle(r, func(a plan.Standby) engine.Handler {
		return handler([]topology.Instance{a.Instance}, a.Authentication, rules{})
	})
	engine.Handle(r, func(a plan.Discarded) engine.Handler { return &discardedHandler{db, a} })
	engine.Handle(r, func(a plan.Rebuild) engine.Handler { return handler(a.Pods, a.Authentication, rebuild(a)) })
	engine.Handle(r, func(a plan.RebuildFirst) engine.Handler {
		rules := rebuild(a.Rebuild)
		rules.skip, rules.triesOnce = &skip{note: ": the segments are recovered first"}, true
		return handler(a.Pods, a.Authentication, rules)
	})
}

// handler makes the standby. Operations differ in their rules only.
type handler struct {
	remote *remote.Pods
	pods   *pods.Pods
	db     *database.Database
	// coordinators are the instances of which one can become the standby.
	coordinators   []topology.Instance
	authentication plan.Authentication
	rules          rules
	// seenEmpty is when Check last found no standby, no data in its place and no gpinitstandby.
	seenEmpty time.Time
	// tried is set after a first try that failed, where the rules allow only one.
	tried bool
}

// rules are what operations want of the standby. The zero rules are create's: any standby of the catalogue is enough, and data in
// its place that gpinitstandby has not left there blocks the step.
type rules struct {
	// replaces a standby that is not in sync. Data in its place is moved aside, and removed when the new standby is in sync.
	replaces bool
	// fromScratch never starts the old standby again: gpactivatestandby may have left a signal there to promote itself.
	fromScratch bool
	// skip lets the step be skipped where the standby's pod does not answer. Without one it fails there.
	skip *skip
	// triesOnce counts the step as done after a try, even one that failed: a later step tries again.
	triesOnce bool
}

// skip is what a person reads of a skipped step.
type skip struct {
	note string
	next engine.Advice
}

// rebuild are the rules of failover and recover.
func rebuild(a plan.Rebuild) rules {
	rules := rules{replaces: true, fromScratch: a.Anew}
	if a.IfReachable {
		rules.skip = &skip{next: engine.Next(plan.Gpk("recover"), " makes one when the pod is back")}
	}
	return rules
}

func (h *handler) Check(ctx context.Context) (engine.Finding, error) {
	if h.tried || h.rules.replaces && len(h.coordinators) < 2 {
		return engine.Finding{State: engine.Done}, nil
	}
	return h.db.WithActing(ctx, h.finding)
}

func (h *handler) finding(ctx context.Context, acting database.Acting) (engine.Finding, error) {
	place := h.place(acting)
	row, found := acting.Catalogue.Standby()
	if found && row.Pod() == place.Pod && acting.Pods[place.Pod].Marker == segments.Initialised && (row.InSync() || !h.rules.replaces) {
		return engine.Finding{State: engine.Done}, nil
	}
	if !h.rules.replaces {
		return h.vacancy(ctx, acting, place)
	}
	missing := "there is no standby"
	if found {
		missing = "the standby in pod " + row.Pod() + " is not in sync"
	}
	if h.rules.skip != nil {
		if answers, err := h.answers(ctx, acting, place.Pod); err != nil || !answers {
			return h.skipped(ctx, missing, place.Pod), err
		}
	}
	return engine.PendingIf([]string{missing}), nil
}

// skipped is the finding where the pod for the standby does not answer, and another command makes it.
func (h *handler) skipped(ctx context.Context, missing, pod string) engine.Finding {
	detail := fmt.Sprintf("%s, and %s does not answer%s", missing, h.remote.Where(ctx, pod), h.rules.skip.note)
	next := h.rules.skip.next
	if !next.Empty() && len(h.pods.Lost(ctx, []string{pod})) > 0 {
		next = engine.Next(h.pods.ByForce(pod), "; ", next)
	}
	return engine.Finding{State: engine.Done, Details: []string{detail}, Next: next}
}

// vacancy is create's finding: whether the standby's place is free. A coordinator's data there may be the only good copy.
func (h *handler) vacancy(ctx context.Context, acting database.Acting, place topology.Instance) (engine.Finding, error) {
	row, found := acting.Catalogue.Standby()
	if !found && place.Pod == "" {
		return engine.BlockedBy("the coordinator is in pod "+acting.Pod+" since a failover, and there is no standby",
			plan.Gpk("recover"), " makes a standby in the other pod"), nil
	}
	state, err := h.remote.Job(acting.Pod, job).State(ctx)
	switch {
	case err != nil:
		return engine.Finding{}, err
	case state.Phase == "running":
		return engine.PendingIf([]string{"gpinitstandby is running since " + state.Since}), nil
	}
	if down, err := h.pods.NotRunning(ctx, []string{place.Pod}); err != nil || len(down) > 0 {
		return engine.Finding{State: engine.Unknown, Details: down}, err
	}
	facts, err := h.db.Facts(ctx, database.ByPod([]topology.Instance{place}))
	if err != nil {
		return engine.Finding{}, err
	}
	on := facts[place.Pod]
	// gpinitsystem marks the volume too, and makes no standby.
	begun := on.Marker == segments.Initialised || on.Marker == segments.Initialising && state.Phase != "absent"
	if !found && !begun && !on.Present() {
		h.seenEmpty = time.Now()
	}
	switch {
	case found && on.Marker == segments.Initialised:
		return engine.Finding{State: engine.Done}, nil
	case found && row.InSync():
		return engine.PendingIf([]string{"the standby is in sync, and its volume is not marked as complete"}), nil
	case on.Marker == segments.Initialised, on.Marker == segments.NotInitialised && on.Present():
		return engine.BlockedBy("the catalogue has no standby, but the volume of pod "+place.Pod+" holds a coordinator's data",
			"make sure that nobody needs that data, move it aside in the pod, and run the same command again"), nil
	}
	return engine.PendingIf([]string{"there is no standby"}), nil
}

// place is the coordinator instance that does not act. If create knows only one, and that acts, it is the catalogue's standby.
func (h *handler) place(acting database.Acting) topology.Instance {
	for _, instance := range h.coordinators {
		if instance.Pod != acting.Pod {
			return instance
		}
	}
	row, _ := acting.Catalogue.Standby()
	return topology.Instance{Pod: row.Pod(), Host: row.Host, Port: row.Port, Dir: row.Dir}
}

// answers reports whether gpk can work in a coordinator's pod. It asks again where the API server reports that the pod runs, and the
// pod has reported nothing of its volume: its node is lost, or a stream was cut. It does not ask a pod that was unreachable a moment ago.
func (h *handler) answers(ctx context.Context, acting database.Acting, pod string) (bool, error) {
	runs, err := h.pods.Runs(ctx, pod)
	if err != nil || !runs || acting.Pods[pod].Marker != "" {
		return runs, err
	}
	if h.remote.Ways.Unreachable(remote.ByExec(pod)) != nil {
		return false, nil //nolint:nilerr // that is the answer
	}
	_, err = h.remote.RunSoon(ctx, pod, segments.Instances("facts", topology.CoordinatorDir), database.AskTimeout)
	if remote.Refused(err) {
		return false, err
	}
	return err == nil, nil
}
