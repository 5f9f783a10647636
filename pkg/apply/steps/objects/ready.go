package objects

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// readyHandler waits until the pods are ready: ready.sh checks that their instances run.
type readyHandler struct {
	pods   *pods.Pods
	db     *database.Database
	action plan.Ready
	// patience is how long gpk waits for instances that were down before.
	patience time.Duration
}

func (h *readyHandler) Check(ctx context.Context) (engine.Finding, error) {
	found, err := h.pods.ByName(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	var wanted []corev1.Pod
	for _, name := range h.action.Pods {
		if pod := found[name]; pod != nil {
			wanted = append(wanted, *pod)
		}
	}
	missing := pods.Unfinished(h.action.Pods, found, func(*corev1.Pod) bool { return true }, pods.Condition)
	return engine.PendingIf(append(missing, h.pods.Unready(ctx, wanted)...)), nil
}

const (
	// readyPatience is how long instances of a database that answers get to start: they need moments.
	readyPatience = 5 * time.Minute
	// downPatience is that of instances that are known to be down.
	downPatience = 30 * time.Second
	// startPatience is how long a container has run when what its pod starts by itself has started.
	startPatience = 2 * time.Minute
)

// Do does not wait long for what was down before: only a recovery brings it back. A standby that has just been started may need a moment
// until it follows, so gpk looks twice.
func (h *readyHandler) Do(ctx context.Context, progress func(string)) error {
	var down map[string]string
	var err error
	for range 2 {
		if down, err = h.down(ctx); err != nil {
			return err
		}
		others := slices.DeleteFunc(slices.Clone(h.action.Pods), func(pod string) bool { return down[pod] != "" })
		if err := h.wait(ctx, others, readyPatience, progress); err != nil || len(down) == 0 {
			return err
		}
	}
	var names, words []string
	for _, pod := range h.action.Pods {
		if down[pod] != "" {
			names, words = append(names, pod), append(words, down[pod])
		}
	}
	progress(fmt.Sprintf("gpk waits %s more for what was down before: %s", h.patience, engine.Few(words)))
	err = h.wait(ctx, names, h.patience, progress)
	if err == nil || ctx.Err() != nil {
		return err
	}
	return &engine.NextError{Err: fmt.Errorf("instances that were down before are still down: %s", engine.Few(words)),
		Next: engine.Next(plan.Gpk("recover"))}
}

func (h *readyHandler) wait(ctx context.Context, names []string, patience time.Duration, progress func(string)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("the limit of %s has passed", patience))
	defer cancel()
	return h.pods.Wait(ctx, names, pods.Ready, progress)
}

// down describes, by their pods, instances that do not start by themselves: the catalogue has them as down, though their container has run
// for a while. None is known while no coordinator answers.
func (h *readyHandler) down(ctx context.Context) (map[string]string, error) {
	list, err := h.pods.ByName(ctx)
	if err != nil {
		return nil, err
	}
	down := map[string]string{}
	acting, err := h.db.Acting(ctx)
	if err != nil {
		return down, ctx.Err()
	}
	for _, row := range acting.Catalogue {
		pod := list[row.Pod()]
		standby := row.Content == topology.CoordinatorContent && row.Role == topology.Mirror
		if pod == nil || pods.Ready(pod) {
			continue
		}
		if row.IsSegment() && !row.Up() && started(pod) || standby && !row.InSync() && (started(pod) || !pods.Running(pod)) {
			down[pod.Name] = describe(row)
		}
	}
	return down, nil
}

func describe(row segments.Row) string {
	if row.IsSegment() {
		return row.String() + " is down"
	}
	return "the standby in pod " + row.Pod() + " does not follow"
}

// started says whether the database container of a pod has run for so long that its instances have started, if they can.
func started(pod *corev1.Pod) bool {
	return pods.Running(pod) && time.Since(pods.Container(pod).State.Running.StartedAt.Time) > startPatience
}
