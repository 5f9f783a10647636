package database

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// ErrSilent means that no coordinator answers SQL. The cause is in the text.
var ErrSilent = errors.New("no coordinator answers")

// Acting is the acting coordinator: the pod whose instance answers SQL as one, and the catalogue that it has.
type Acting struct {
	Pod       string
	Catalogue segments.Catalogue
	// Pods is what each of the coordinators' pods that run says of its instance.
	Pods map[string]segments.PodFacts
}

// Acting finds the acting coordinator by asking every coordinator pod that runs. errSilent if none answers, with what their
// pods say. Two that answer are an error that nothing may work around. Who asks while somebody else does so gets the same
// answer.
func (c *Coordinators) Acting(ctx context.Context) (Acting, error) {
	found, err, _ := c.asking.Do("acting", func() (any, error) { return c.findActing(ctx) })
	if err == nil {
		c.seen.Store(&sighting{found.(Acting), time.Now()})
	}
	return found.(Acting), err
}

// AnswerHolds is how long what pods have said need not be asked again. A step's Check, its Do and the Check that confirms it
// follow each other at once, and asking pods is most of what some of them cost.
const AnswerHolds = 3 * time.Second

// sighting is an acting coordinator, and when it was found.
type sighting struct {
	acting Acting
	at     time.Time
}

// Lately is for the beginning of a Do: the acting coordinator as the Check right before it has found it.
func (c *Coordinators) Lately(ctx context.Context) (Acting, error) {
	if seen := c.seen.Load(); seen != nil && time.Since(seen.at) < AnswerHolds {
		return seen.acting, nil
	}
	return c.Acting(ctx)
}

// Doing is told when something begins to be done, and when that has ended: nothing that was seen before counts from then on.
func (c *Coordinators) Doing(begins bool) {
	c.between.Store(!begins)
	if !begins {
		c.seen.Store(nil)
	}
}

// AtRest is for when nothing is carried out any more.
func (c *Coordinators) AtRest() { c.between.Store(false) }

// LookAt is the Check of a step for which the acting coordinator must answer: until it does, nothing is known.
// Where nothing is done between two looks, the first one holds for the second: what confirmed a step is what the next one finds.
func (d *Database) LookAt(ctx context.Context, look func(context.Context, Acting) (engine.Finding, error)) (engine.Finding, error) {
	ask := d.Acting
	if d.between.Load() {
		ask = d.Lately
	}
	acting, err := ask(ctx)
	if errors.Is(err, ErrSilent) {
		return engine.Finding{State: engine.Unknown, Details: []string{err.Error()}}, nil
	}
	if err != nil {
		return engine.Finding{}, err
	}
	return look(ctx, acting)
}

func (c *Coordinators) findActing(ctx context.Context) (Acting, error) {
	candidates, err := c.CoordinatorPods(ctx)
	if err != nil {
		return Acting{}, err
	}
	answers := make([]coordinatorAnswer, len(candidates))
	err = engine.Each(ctx, candidates, func(ctx context.Context, i int, pod string) (err error) {
		answers[i], err = c.askCoordinator(ctx, pod)
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
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		if len(candidates) == 0 {
			return asked, fmt.Errorf("%w: none of their pods runs", ErrSilent)
		}
		return asked, fmt.Errorf("%w: %w", ErrSilent, errors.Join(silence...))
	}
	return Acting{}, fmt.Errorf("two coordinators answer, in pods %s and %s: stop the one that is not to be", found[0].Pod, found[1].Pod)
}

func (c *Coordinators) CoordinatorPods(ctx context.Context) ([]string, error) {
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

// coordinatorAnswer is what one coordinator's pod says: the facts, and the catalogue or why its instance does not answer.
type coordinatorAnswer struct {
	facts     segments.PodFacts
	catalogue segments.Catalogue
	silence   error
}

// AskTime bounds the question to a coordinator's pod, and lostHolds is how long one that could not be reached is not asked again.
const (
	AskTime   = 15 * time.Second
	LostHolds = 20 * time.Second
)

// IsLost says whether a coordinator's pod could not be reached a moment ago.
func (c *Coordinators) IsLost(pod string) bool {
	since, known := c.lost.Load(pod)
	return known && time.Since(since.(time.Time)) < LostHolds
}

func (c *Coordinators) askCoordinator(ctx context.Context, pod string) (coordinatorAnswer, error) {
	if c.IsLost(pod) {
		return coordinatorAnswer{silence: fmt.Errorf("pod %s could not be reached", pod)}, nil
	}
	out, err := c.remote.RunSoon(ctx, pod, segments.AskCoordinator(), AskTime)
	if _, lost := c.lost.Load(pod); cutOff(out, err) && ctx.Err() == nil && (!lost || err == nil) {
		// The question may be asked again, and much hangs on its answer: a failover that takes a coordinator for dead stops it. Of a
		// pod that was lost before, one that fails is enough to know that it still is.
		out, err = c.remote.RunSoon(ctx, pod, segments.AskCoordinator(), AskTime)
	}
	var exit *remote.Error
	if err != nil && !errors.As(err, &exit) {
		if ctx.Err() != nil {
			return coordinatorAnswer{}, context.Cause(ctx)
		}
		// A pod whose node is lost still counts as running, and the other one's answer is worth having.
		c.lost.Store(pod, time.Now())
		return coordinatorAnswer{silence: fmt.Errorf("%s cannot be asked: %w", c.remote.Where(ctx, pod), err)}, nil
	}
	c.lost.Delete(pod)
	facts, rows, parseErr := segments.ParseCoordinator(out)
	switch {
	case parseErr != nil && err != nil:
		return coordinatorAnswer{}, fmt.Errorf("pod %s has the scripts of another gpk than this one: `gpk create -f FILE` brings them up to "+
			"date, and they reach the pods within two minutes: %w", pod, err)
	case parseErr != nil || err != nil:
		return coordinatorAnswer{facts: facts, silence: err}, parseErr
	}
	catalogue, err := segments.ParseCatalogue(rows)
	return coordinatorAnswer{facts: facts, catalogue: catalogue}, err
}

// cutOff says whether a coordinator's answer is none: the exec has failed without an exit status, or what came lacks its end. A
// stream that was cut can look like success.
func cutOff(out string, err error) bool {
	var exit *remote.Error
	if err != nil {
		return !errors.As(err, &exit)
	}
	_, rows, parseErr := segments.ParseCoordinator(out)
	return parseErr != nil || strings.TrimSpace(rows) == ""
}

// AwaitActing waits until a coordinator answers.
func (d *Database) AwaitActing(ctx context.Context, patience time.Duration, progress func(string)) error {
	return engine.Until(ctx, patience, progress, func() ([]string, error) {
		_, err := d.Acting(ctx)
		if errors.Is(err, ErrSilent) {
			return []string{remote.Summary(err)}, nil
		}
		return nil, err
	}, "%s")
}

// PrimariesUp are the coordinator and every acting primary that is up: those that let in who asks them.
func PrimariesUp(acting Acting) []segments.Row {
	var up []segments.Row
	for _, row := range acting.Catalogue {
		if row.Role == topology.Primary && row.Up() {
			up = append(up, row)
		}
	}
	return up
}

// CoordinatorPods are the pods of the acting coordinator and of its standby, if there is one.
func CoordinatorPods(acting Acting) []string {
	pods := []string{acting.Pod}
	if row, found := acting.Catalogue.Find(topology.CoordinatorContent, topology.Mirror); found {
		pods = append(pods, row.Pod())
	}
	return pods
}
