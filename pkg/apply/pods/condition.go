package pods

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
)

// Running says whether the database container of a pod runs, in a pod that stays.
func Running(pod *corev1.Pod) bool {
	status := Container(pod)
	return pod.DeletionTimestamp == nil && status != nil && status.State.Running != nil
}

// Ready says whether the database container of a pod runs and is ready.
func Ready(pod *corev1.Pod) bool {
	return Running(pod) && Container(pod).Ready
}

// Container is the status of a pod's database container, nil if its kubelet has reported none.
func Container(pod *corev1.Pod) *corev1.ContainerStatus {
	for i := range pod.Status.ContainerStatuses {
		if pod.Status.ContainerStatuses[i].Name == plan.Container {
			return &pod.Status.ContainerStatuses[i]
		}
	}
	return nil
}

// currentContainer is the container that the start of a pod waits for, nil if the kubelet has reported none: the database's, or an init
// container of podTemplate before it. Other containers do not keep the database from starting.
func currentContainer(pod *corev1.Pod) (status *corev1.ContainerStatus, init bool) {
	status = Container(pod)
	if status == nil || waitingReason(status) != "PodInitializing" {
		return status, false
	}
	for i := range pod.Status.InitContainerStatuses {
		if s := &pod.Status.InitContainerStatuses[i]; !initialised(pod, s) {
			return s, true
		}
	}
	return status, false
}

// initialised says whether the next container may start after an init container: this one exited with 0, or it is a sidecar and runs.
func initialised(pod *corev1.Pod, status *corev1.ContainerStatus) bool {
	sidecar := slices.ContainsFunc(pod.Spec.InitContainers, func(c corev1.Container) bool {
		return c.Name == status.Name && c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
	})
	if sidecar {
		return status.State.Running != nil && status.Started != nil && *status.Started
	}
	return status.State.Terminated != nil && status.State.Terminated.ExitCode == 0
}

// waitingReason is why a container waits, "" if it does not wait.
func waitingReason(status *corev1.ContainerStatus) string {
	if status == nil || status.State.Waiting == nil {
		return ""
	}
	return status.State.Waiting.Reason
}

// beforeContainers says whether a pod has a node and its first container has not started, or not again after a restart of the node. Its
// volumes or its network may be missing, which the container's status does not show.
func beforeContainers(pod *corev1.Pod) bool {
	status, init := currentContainer(pod)
	reason := waitingReason(status)
	return pod.Spec.NodeName != "" && sandboxReady(pod) != corev1.ConditionTrue && (status == nil || status.State.Terminated != nil ||
		reason == "ContainerCreating" || init && reason == "PodInitializing")
}

// sandboxReady is what the kubelet reports on a pod's volumes and network, "" if it is too old to report it.
func sandboxReady(pod *corev1.Pod) corev1.ConditionStatus {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReadyToStartContainers {
			return c.Status
		}
	}
	return ""
}

// Condition says in words what a pod waits for.
func Condition(pod *corev1.Pod) string {
	if pod.DeletionTimestamp != nil {
		return "is being deleted"
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status != corev1.ConditionTrue && c.Message != "" {
			return "cannot be scheduled: " + c.Message
		}
	}
	status, init := currentContainer(pod)
	switch {
	case status == nil:
		return "has no container yet"
	case init:
		return "waits for its init container " + status.Name + ", which " + containerState(status)
	case status.State.Running != nil:
		return "is not ready: some of its database instances do not run"
	}
	return containerState(status)
}

func containerState(status *corev1.ContainerStatus) string {
	switch waiting, ended := status.State.Waiting, status.State.Terminated; {
	case waiting != nil:
		return "waits: " + strings.TrimSuffix(waiting.Reason+": "+waiting.Message, ": ")
	case ended != nil:
		return fmt.Sprintf("ended with exit status %d", ended.ExitCode)
	}
	return "runs"
}

// Unfinished says in words what each pod that is not done waits for.
func Unfinished(names []string, pods map[string]*corev1.Pod, done func(*corev1.Pod) bool, words func(*corev1.Pod) string) []string {
	var waiting []string
	for _, name := range names {
		if pod := pods[name]; pod == nil {
			waiting = append(waiting, "pod "+name+" does not exist yet")
		} else if !done(pod) {
			waiting = append(waiting, "pod "+name+" "+words(pod))
		}
	}
	return waiting
}

// mostRestarts is how often a container may be started again before gpk takes it that it never will run: with the kubelet's pauses, about
// 70 seconds after the first start. Something that it needs may come moments later than the container.
const mostRestarts = 4

// CannotStart is the error of a pod that no waiting helps, nil for others: its image cannot be pulled for certain, or its container keeps
// exiting. A pod that is being deleted makes way for another.
func CannotStart(pod *corev1.Pod) error {
	if pod == nil || pod.DeletionTimestamp != nil {
		return nil
	}
	status, init := currentContainer(pod)
	who := "pod " + pod.Name
	if init {
		who += ", init container " + status.Name
	}
	switch waitingReason(status) {
	case "ErrImageNeverPull", "InvalidImageName", "ImagePullBackOff", "ErrImagePull":
		if PullMayPass(pod) == "" {
			return fmt.Errorf("%s: the image %s cannot be pulled: %s", who, status.Image, status.State.Waiting.Message)
		}
	case "CrashLoopBackOff", "RunContainerError":
		if status.RestartCount < mostRestarts {
			return nil
		}
		cause := status.State.Waiting.Message
		if last := status.LastTerminationState.Terminated; last != nil {
			cause = strings.TrimSpace(fmt.Sprintf("exit status %d %s", last.ExitCode, remote.LastLines(last.Message, 3)))
		}
		return &engine.NextError{Err: fmt.Errorf("%s keeps exiting: %s", who, cause),
			Next: engine.Next(fmt.Sprintf("`kubectl logs -n %s %s -c %s --previous` shows its output", pod.Namespace, pod.Name, status.Name))}
	}
	return nil
}

// PullMayPass is why the image of a pod cannot be pulled at the moment, "" if it can, or if it never will be. The kubelet tries again, and
// has the registry's answer in words only. What is not known to last may pass.
func PullMayPass(pod *corev1.Pod) string {
	status, _ := currentContainer(pod)
	if !slices.Contains([]string{"ImagePullBackOff", "ErrImagePull", "RegistryUnavailable"}, waitingReason(status)) {
		return ""
	}
	cause := status.State.Waiting.Message
	// The image's own name says nothing of it.
	words := strings.ToLower(strings.ReplaceAll(cause, status.Image, ""))
	lasting := []string{"not found", "notfound", "manifest unknown", "no such host", "no match for platform", "no matching manifest",
		"unauthorized", "forbidden", "denied", "authorization failed", "authentication required", "no basic auth credentials",
		"invalid reference"}
	if slices.ContainsFunc(lasting, func(lasts string) bool { return strings.Contains(words, lasts) }) {
		return ""
	}
	return strings.TrimSuffix(status.State.Waiting.Reason+": "+cause, ": ")
}
