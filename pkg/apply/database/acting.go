package database

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// ErrNoCoordinator means that no coordinator answers SQL. The error's text has the cause.
var ErrNoCoordinator = errors.New("no coordinator answers")

// Acting is the acting coordinator: the pod whose instance answers SQL as one, and its catalogue.
type Acting struct {
	Pod       string
	Catalogue segments.Catalogue
	// Pods are the facts of each running coordinator pod.
	Pods map[string]segments.PodFacts
}

// CoordinatorPods are the pods of the acting coordinator and of its standby, if there is one.
func CoordinatorPods(acting Acting) []string {
	pods := []string{acting.Pod}
	if row, found := acting.Catalogue.Standby(); found {
		pods = append(pods, row.Pod())
	}
	return pods
}

// Coordinators ask the coordinators' pods which of them acts.
type Coordinators struct {
	kube   *kube.Client
	remote *remote.Pods
	store  *record.Store
	pods   *pods.Pods

	asking singleflight.Group
	// last is the acting coordinator as it was last found.
	last atomic.Pointer[sighting]
	// idle is set while a plan runs and none of its steps changes anything.
	idle atomic.Bool
}

// sighting is an acting coordinator, and when it was found.
type sighting struct {
	acting Acting
	at     remote.Moment
}

// AnswerLifetime is how long gpk believes an answer of the pods. A step's Check, its Do and the Check that confirms it follow each
// other at once, and most of their time is for asking pods.
const AnswerLifetime = 3 * time.Second

// Acting asks every running coordinator pod, and finds the one that acts. It is ErrNoCoordinator if none answers, with the facts of the
// pods. Two that answer are an error that nothing may work around. Callers at the same time share one answer.
func (c *Coordinators) Acting(ctx context.Context) (Acting, error) {
	found, err, _ := c.asking.Do("acting", func() (any, error) { return c.findActing(ctx) })
	if err == nil {
		c.last.Store(&sighting{found.(Acting), remote.Now()})
	}
	return found.(Acting), err
}

// RecentActing is the acting coordinator as the Check right before a Do has found it.
func (c *Coordinators) RecentActing(ctx context.Context) (Acting, error) {
	if last := c.last.Load(); last != nil && last.at.Ago() < AnswerLifetime {
		return last.acting, nil
	}
	return c.Acting(ctx)
}

// Doing takes note that a step starts or ends to change something. From then on gpk does not believe earlier answers.
func (c *Coordinators) Doing(begins bool) {
	c.idle.Store(!begins)
	if !begins {
		c.last.Store(nil)
	}
}

// PlanEnded takes note that the plan has ended.
func (c *Coordinators) PlanEnded() { c.idle.Store(false) }

func (c *Coordinators) findActing(ctx context.Context) (Acting, error) {
	candidates, err := c.RunningCoordinatorPods(ctx)
	if err != nil {
		return Acting{}, err
	}
	answers := make([]coordinatorAnswer, len(candidates))
	err = engine.Each(ctx, candidates, func(ctx context.Context, i int, pod string) (err error) {
		answers[i], err = inquiry{c.pods, c.remote}.coordinator(ctx, pod)
		return err
	})
	if err != nil {
		return Acting{}, err
	}
	asked := Acting{Pods: map[string]segments.PodFacts{}}
	var found []Acting
	var silence []error
	for i, pod := range candidates {
		asked.Pods[pod] = answers[i].facts
		if answers[i].silence != nil {
			silence = append(silence, answers[i].silence)
			continue
		}
		found = append(found, Acting{pod, answers[i].catalogue, asked.Pods})
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return Acting{}, fmt.Errorf("two coordinators answer, in pods %s and %s: stop the wrong one", found[0].Pod, found[1].Pod)
	case len(candidates) == 0:
		return asked, fmt.Errorf("%w: no coordinator pod is running", ErrNoCoordinator)
	}
	return asked, fmt.Errorf("%w: %w", ErrNoCoordinator, errors.Join(silence...))
}

// RunningCoordinatorPods are the names of the coordinators' pods that run.
func (c *Coordinators) RunningCoordinatorPods(ctx context.Context) ([]string, error) {
	options := c.kube.ListOptions()
	options.LabelSelector += "," + plan.ComponentLabel + "=" + string(topology.CoordinatorComponent)
	list, err := c.kube.API.CoreV1().Pods(c.kube.Ref.Namespace).List(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("pods: %w", err)
	}
	var names []string
	for i := range list.Items {
		if pods.Running(&list.Items[i]) {
			names = append(names, list.Items[i].Name)
		}
	}
	return names, nil
}

// AwaitActing waits until a coordinator answers. It also waits for an API server that refuses to ask the pods for the moment: that error is
// engine.Passing.
func (c *Coordinators) AwaitActing(ctx context.Context, patience time.Duration, progress func(string)) error {
	return engine.Until(ctx, patience, progress, func() ([]string, error) {
		_, err := c.Acting(ctx)
		if errors.Is(err, ErrNoCoordinator) {
			return []string{remote.Summary(err)}, nil
		}
		return nil, err
	}, "%s")
}

// WithActing is a Check that needs the acting coordinator. Its finding is Unknown as long as none answers. While no step changes
// anything, the answer for one Check counts for the next: what confirms a step is what the next step finds.
func (c *Coordinators) WithActing(ctx context.Context, check func(context.Context, Acting) (engine.Finding, error)) (
	engine.Finding, error) {
	ask := c.Acting
	if c.idle.Load() {
		ask = c.RecentActing
	}
	return unlessSilent(ctx, ask, check)
}

// WithProbed is WithActing for a step that must not believe an old catalogue.
func (p *Probes) WithProbed(ctx context.Context, check func(context.Context, Acting) (engine.Finding, error)) (engine.Finding, error) {
	return unlessSilent(ctx, p.Probed, check)
}

func unlessSilent(ctx context.Context, ask func(context.Context) (Acting, error),
	check func(context.Context, Acting) (engine.Finding, error)) (engine.Finding, error) {
	acting, err := ask(ctx)
	switch {
	case errors.Is(err, ErrNoCoordinator):
		return engine.Finding{State: engine.Unknown, Details: []string{err.Error()}}, nil
	case err != nil:
		return engine.Finding{}, err
	}
	return check(ctx, acting)
}
