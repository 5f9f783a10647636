package database

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// AskTimeout bounds a question to a coordinator's pod.
const AskTimeout = 15 * time.Second

// coordinatorAnswer is the answer of one coordinator's pod: its facts, and its catalogue or why its instance does not answer.
type coordinatorAnswer struct {
	facts     segments.PodFacts
	catalogue segments.Catalogue
	silence   error
}

// inquiry asks the coordinators' pods who they are.
type inquiry struct {
	pods   *pods.Pods
	remote *remote.Pods
}

func (q inquiry) coordinator(ctx context.Context, pod string) (coordinatorAnswer, error) {
	way := remote.ByExec(pod)
	if q.remote.Ways.Unreachable(way) != nil {
		return coordinatorAnswer{silence: fmt.Errorf("pod %s could not be reached", pod)}, nil //nolint:nilerr // that is the answer
	}
	out, note, err := q.twice(ctx, pod)
	if _, exited := errors.AsType[*remote.Error](err); err != nil && !exited {
		if ctx.Err() != nil {
			return coordinatorAnswer{}, context.Cause(ctx)
		}
		if remote.Refused(err) {
			// That says nothing about the pod: a failover must not take its coordinator for a dead one.
			return coordinatorAnswer{}, q.adviseOnKubelet(ctx, pod, err)
		}
		// The API server calls a pod running whose node is lost. gpk still needs the answer of the other pod.
		q.remote.Ways.Note(way, err)
		return coordinatorAnswer{silence: fmt.Errorf("%s does not answer: %w%s", q.remote.Where(ctx, pod), err, note)}, nil
	}
	q.remote.Ways.Note(way, nil)
	facts, rows, parseErr := segments.ParseCoordinator(out)
	switch {
	case parseErr != nil && err != nil:
		return coordinatorAnswer{}, &engine.NextError{Err: fmt.Errorf("pod %s has the scripts of another version of gpk: %w", pod, err),
			Next: engine.Next(plan.Gpk("create", "-f", "cluster.yaml"), " updates them. They reach the pods within two minutes")}
	case parseErr != nil || err != nil:
		return coordinatorAnswer{facts: facts, silence: err}, parseErr
	}
	catalogue, err := segments.ParseCatalogue(rows)
	return coordinatorAnswer{facts: facts, catalogue: catalogue}, err
}

// twice asks a coordinator's pod. A failover stops a coordinator that it finds dead. So gpk asks twice, unless the pod was unreachable
// already or its node is lost. note says why a silent kubelet does not count.
func (q inquiry) twice(ctx context.Context, pod string) (out, note string, err error) {
	listening, end := context.WithCancel(ctx)
	defer end()
	kubeletSilent := q.remote.Listen(listening, pod)
	out, err = q.remote.RunSoon(ctx, pod, segments.AskCoordinator(), AskTimeout)
	_, before := q.remote.Ways.UnreachableSince(remote.ByExec(pod))
	if !cutOff(out, err) || ctx.Err() != nil || remote.Refused(err) || err != nil && before {
		return out, "", err
	}
	if err != nil {
		silent, why := kubeletSilent()
		if silent {
			return out, "", err
		}
		if why != "" {
			note = "; " + why
		}
	}
	out, err = q.remote.RunSoon(ctx, pod, segments.AskCoordinator(), AskTimeout)
	return out, note, err
}

// adviseOnKubelet says what to do about a pod that only its kubelet's certificate keeps gpk from.
func (q inquiry) adviseOnKubelet(ctx context.Context, pod string, err error) error {
	if !remote.KubeletDoubted(err) {
		return err
	}
	return &engine.NextError{Err: fmt.Errorf("the API server does not trust the kubelet of %s: %w", q.remote.Where(ctx, pod), err),
		Next: engine.Next("approve the kubelet's certificate (`kubectl get csr`, `kubectl certificate approve`). If its node is lost, ",
			q.pods.ByForce(pod), ". Then run this again")}
}

// cutOff reports whether the exec failed without an exit status, or the answer has no end: a stream that was cut can look like success.
func cutOff(out string, err error) bool {
	if err != nil {
		_, exited := errors.AsType[*remote.Error](err)
		return !exited
	}
	_, rows, parseErr := segments.ParseCoordinator(out)
	return parseErr != nil || strings.TrimSpace(rows) == ""
}

// Announce records a decision, and has the coordinators' pods that can be reached know its term. So none of them acts on an earlier
// decision if its container ends right now. The other pods do nothing without a coordinator.
func (c *Coordinators) Announce(ctx context.Context, changes map[string]string, progress func(string)) error {
	pods, err := c.RunningCoordinatorPods(ctx)
	if err != nil {
		return err
	}
	term, err := c.Decide(ctx, changes, pods)
	if err != nil || term == "" { // a decision without a term has not changed
		return err
	}
	return engine.Each(ctx, pods, func(ctx context.Context, _ int, pod string) error {
		err := c.remote.Ways.Unreachable(remote.ByExec(pod))
		if err == nil {
			_, err = c.remote.RunSoon(ctx, pod, segments.Learn(term), AskTimeout)
		}
		if err != nil {
			progress(fmt.Sprintf("pod %s did not take the decision now, and reads it within two minutes: %s", pod, remote.Summary(err)))
		}
		return ctx.Err()
	})
}

// Aside is what a coordinator's pod keeps of data that were moved aside.
func (c *Coordinators) Aside(ctx context.Context, pod string) ([]segments.Aside, error) {
	out, err := c.remote.RunSoon(ctx, pod, segments.AskAside(), AskTimeout)
	if err != nil {
		return nil, err
	}
	return segments.ParseAside(out)
}

// Discard removes what was moved aside in a coordinator's pod. With the acting coordinator's timelines it keeps, and returns, what may have
// commits that this one lacks.
func (c *Coordinators) Discard(ctx context.Context, pod string, timelines ...string) ([]segments.Aside, error) {
	out, err := c.remote.Run(ctx, pod, segments.DiscardAside(timelines...))
	if err != nil {
		return nil, err
	}
	return segments.ParseAside(out)
}

// Decide records a decision, of a later term than those that coordinators' pods know of. A pod that does not answer keeps its own: it reads
// the decision later.
func (c *Coordinators) Decide(ctx context.Context, changes map[string]string, pods []string) (term string, err error) {
	return c.store.DecideAfter(ctx, changes, c.latestTerm(ctx, pods))
}

func (c *Coordinators) latestTerm(ctx context.Context, pods []string) int64 {
	terms := make([]int64, len(pods))
	_ = engine.Each(ctx, pods, func(ctx context.Context, i int, pod string) error {
		if c.remote.Ways.Unreachable(remote.ByExec(pod)) != nil {
			return nil //nolint:nilerr // one that is out of reach has no say
		}
		if out, err := c.remote.RunSoon(ctx, pod, segments.AskTerm(), AskTimeout); err == nil {
			terms[i] = segments.ParseTerm(out)
		}
		return nil
	})
	return slices.Max(append(terms, 0))
}

// Promoted reports whether gpk decided that the standby of a pod acts, and gpactivatestandby has activated it. It may not answer
// yet: it waits until mirrors have taken over for the primaries that are lost.
func (c *Coordinators) Promoted(ctx context.Context, pod string, f segments.Following) (bool, error) {
	state, err := c.store.State(ctx)
	return state[plan.StateCoordinator] == pod && f.Instance == segments.Running && !f.Follows, err
}

// Following asks the standby's pod how far it has followed the coordinator. gpk needs that most when no coordinator answers.
func (c *Coordinators) Following(ctx context.Context, pod string) (segments.Following, error) {
	out, err := c.remote.RunSoon(ctx, pod, segments.AskStandby(), AskTimeout)
	if err != nil {
		return segments.Following{}, err
	}
	return segments.ParseFollowing(out)
}
