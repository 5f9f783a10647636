package apply

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/plan"
)

// runningHandler waits until the database containers run, which is before their databases do.
type runningHandler struct {
	target *Target
	action plan.Running
	// patience is with the standby's pod, where the others can do without.
	patience time.Duration
	// without is the standby's pod, where it was waited for in vain.
	without string
}

func (h *runningHandler) Check(ctx context.Context) (Finding, error) {
	down, err := h.target.podsRunning(ctx, others(h.action.Pods, h.without))
	return pendingIf(down), err
}

func others(names []string, without string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == without })
}

func (h *runningHandler) Do(ctx context.Context, progress func(string)) error {
	if err := h.target.replaceOutdated(ctx, h.action.Pods, progress); err != nil {
		return err
	}
	standby, err := h.spare(ctx)
	if err != nil {
		return err
	}
	if err := h.target.waitPods(ctx, others(h.action.Pods, standby), running, progress); err != nil || standby == "" {
		return err
	}
	patient, stop := context.WithTimeout(ctx, h.patience)
	defer stop()
	if err := h.target.waitPods(patient, []string{standby}, running, progress); err != nil && ctx.Err() == nil {
		h.without = standby
		progress("going on without the standby: " + firstLine(err))
	}
	return context.Cause(ctx)
}

// spare is the pod of the standby, "" where it is not known which of the two that is, or where it is needed.
func (h *runningHandler) spare(ctx context.Context) (string, error) {
	if len(h.action.Standby) == 0 {
		return "", nil
	}
	state, err := h.target.state(ctx)
	acts := state[plan.StateCoordinator]
	if err != nil || !slices.Contains(h.action.Standby, acts) {
		return "", err
	}
	return strings.Join(others(h.action.Standby, acts), ""), nil
}

// podsByName lists the pods afresh: a Check believes no cache.
func (t *Target) podsByName(ctx context.Context) (map[string]*corev1.Pod, error) {
	list, err := t.Pods(ctx)
	pods := map[string]*corev1.Pod{}
	for i := range list {
		pods[list[i].Name] = &list[i]
	}
	return pods, err
}

func (t *Target) waitPods(ctx context.Context, names []string, fine func(*corev1.Pod) bool, progress func(string)) error {
	last, told := -1, ""
	var waiting []string
	var still stuck
	err := t.awaitPods(ctx, func(pods map[string]*corev1.Pod) (bool, error) {
		for _, name := range names {
			if err := hopeless(pods[name]); err != nil {
				return false, err
			}
		}
		now := time.Now()
		t.askEvents(ctx, &still, names, pods, now)
		if found := still.find(names, pods, now); found != nil {
			return false, t.stuckError(ctx, found)
		}
		waiting = unfinished(still.foremost(names), pods, fine, still.condition)
		if len(waiting) > 0 && (len(waiting) != last || still.first != "" && waiting[0] != told) {
			last, told = len(waiting), waiting[0]
			progress(fmt.Sprintf("%d of %d pods; %s", len(names)-len(waiting), len(names), told))
		}
		return len(waiting) == 0, nil
	})
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("%w while waiting: %s", err, firstOf(waiting))
	}
	return err
}

// unfinished says of each pod that is not fine what it waits for, in words.
func unfinished(names []string, pods map[string]*corev1.Pod, fine func(*corev1.Pod) bool, words func(*corev1.Pod) string) []string {
	var waiting []string
	for _, name := range names {
		if pod := pods[name]; pod == nil {
			waiting = append(waiting, "pod "+name+" is not there yet")
		} else if !fine(pod) {
			waiting = append(waiting, "pod "+name+" "+words(pod))
		}
	}
	return waiting
}

func running(pod *corev1.Pod) bool {
	status := databaseContainer(pod)
	return pod.DeletionTimestamp == nil && status != nil && status.State.Running != nil
}

func ready(pod *corev1.Pod) bool {
	status := databaseContainer(pod)
	return running(pod) && status.Ready
}

func databaseContainer(pod *corev1.Pod) *corev1.ContainerStatus {
	for i := range pod.Status.ContainerStatuses {
		if pod.Status.ContainerStatuses[i].Name == plan.Container {
			return &pod.Status.ContainerStatuses[i]
		}
	}
	return nil
}

// podsRunning says which of the pods do not run, for handlers that need to ask them something.
func (t *Target) podsRunning(ctx context.Context, names []string) ([]string, error) {
	pods, err := t.podsByName(ctx)
	if err != nil {
		return nil, err
	}
	return unfinished(names, pods, running, condition), nil
}

// byNameRunning finds a pod by its name, if its database container runs.
func byNameRunning(name string) func(corev1.Pod) bool {
	return func(pod corev1.Pod) bool { return pod.Name == name && running(&pod) }
}
