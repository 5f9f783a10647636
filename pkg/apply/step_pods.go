package apply

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/plan"
)

// runningHandler waits until the database containers run, which is before their databases do.
type runningHandler struct {
	target *Target
	action plan.Running
}

func (h *runningHandler) Check(ctx context.Context) (Finding, error) {
	down, err := h.target.podsRunning(ctx, h.action.Pods)
	return pendingIf(down), err
}

func (h *runningHandler) Do(ctx context.Context, progress func(string)) error {
	if err := h.target.replaceOutdated(ctx, h.action.Pods, progress); err != nil {
		return err
	}
	return h.target.waitPods(ctx, h.action.Pods, running, progress)
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
	last := -1
	var waiting []string
	var idle stuck
	err := t.awaitPods(ctx, func(pods map[string]*corev1.Pod) (bool, error) {
		for _, name := range names {
			if err := hopeless(pods[name]); err != nil {
				return false, err
			}
		}
		if found := idle.find(names, pods, time.Now()); found != nil {
			return false, t.stuckError(ctx, found)
		}
		waiting = unfinished(names, pods, fine)
		if len(waiting) != last && len(waiting) > 0 {
			last = len(waiting)
			progress(fmt.Sprintf("%d of %d pods; %s", len(names)-len(waiting), len(names), waiting[0]))
		}
		return len(waiting) == 0, nil
	})
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("%w while waiting: %s", err, firstOf(waiting))
	}
	return err
}

// unfinished says of each pod that is not fine what it waits for.
func unfinished(names []string, pods map[string]*corev1.Pod, fine func(*corev1.Pod) bool) []string {
	var waiting []string
	for _, name := range names {
		if pod := pods[name]; pod == nil {
			waiting = append(waiting, "pod "+name+" is not there yet")
		} else if !fine(pod) {
			waiting = append(waiting, "pod "+name+" "+condition(pod))
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

// condition says in words what a pod waits for.
func condition(pod *corev1.Pod) string {
	if pod.DeletionTimestamp != nil {
		return "is being deleted"
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status != corev1.ConditionTrue && c.Message != "" {
			return "cannot be scheduled: " + c.Message
		}
	}
	status := databaseContainer(pod)
	switch {
	case status == nil:
		return "has no container yet"
	case status.State.Waiting != nil:
		return "waits: " + strings.TrimSuffix(status.State.Waiting.Reason+": "+status.State.Waiting.Message, ": ")
	case status.State.Terminated != nil:
		return fmt.Sprintf("ended with exit status %d", status.State.Terminated.ExitCode)
	}
	return "is not ready: its database instances do not all run"
}

// hopeless is an error for a pod that no waiting will help. One that is being deleted makes way for another.
func hopeless(pod *corev1.Pod) error {
	if pod == nil || pod.DeletionTimestamp != nil {
		return nil
	}
	status := databaseContainer(pod)
	if status == nil || status.State.Waiting == nil {
		return nil
	}
	switch status.State.Waiting.Reason {
	case "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName":
		return fmt.Errorf("pod %s: the image %s cannot be had: %s", pod.Name, status.Image, status.State.Waiting.Message)
	case "CrashLoopBackOff", "RunContainerError":
		cause := status.State.Waiting.Message
		if last := status.LastTerminationState.Terminated; last != nil {
			cause = strings.TrimSpace(fmt.Sprintf("exit status %d %s", last.ExitCode, lastLines(last.Message, 3)))
		}
		return fmt.Errorf("pod %s ends again and again: %s; see kubectl logs -n %s %s -c %s --previous",
			pod.Name, cause, pod.Namespace, pod.Name, plan.Container)
	}
	return nil
}

// podsRunning says which of the pods do not run, for handlers that need to ask them something.
func (t *Target) podsRunning(ctx context.Context, names []string) ([]string, error) {
	pods, err := t.podsByName(ctx)
	if err != nil {
		return nil, err
	}
	return unfinished(names, pods, running), nil
}

// byNameRunning finds a pod by its name, if its database container runs.
func byNameRunning(name string) func(corev1.Pod) bool {
	return func(pod corev1.Pod) bool { return pod.Name == name && running(&pod) }
}
