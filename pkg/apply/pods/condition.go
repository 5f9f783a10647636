package pods

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
)

// starting is the container whose turn it is in a pod, nil if the kubelet has said of none yet: the database's, or the init
// container of podTemplate that it waits for, and then init is true. Other containers do not keep the database from starting.
func starting(pod *corev1.Pod) (status *corev1.ContainerStatus, init bool) {
	status = Container(pod)
	if status == nil || waitingFor(status) != "PodInitializing" {
		return status, false
	}
	for i := range pod.Status.InitContainerStatuses {
		if s := &pod.Status.InitContainerStatuses[i]; !passed(pod, s) {
			return s, true
		}
	}
	return status, false
}

// passed says whether an init container lets the next one start: it has ended well, or it is a sidecar and runs.
func passed(pod *corev1.Pod, status *corev1.ContainerStatus) bool {
	sidecar := slices.ContainsFunc(pod.Spec.InitContainers, func(c corev1.Container) bool {
		return c.Name == status.Name && c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
	})
	if sidecar {
		return status.State.Running != nil && status.Started != nil && *status.Started
	}
	return status.State.Terminated != nil && status.State.Terminated.ExitCode == 0
}

// waitingFor is the reason why a container waits, "" if it does not.
func waitingFor(status *corev1.ContainerStatus) string {
	if status == nil || status.State.Waiting == nil {
		return ""
	}
	return status.State.Waiting.Reason
}

// beforeContainers says whether a pod has a node and its first container has not begun, or after the node's restart not again: its
// volumes or its network may be missing, of which the container's status has no word.
func beforeContainers(pod *corev1.Pod) bool {
	status, init := starting(pod)
	reason := waitingFor(status)
	return pod.Spec.NodeName != "" && sandbox(pod) != corev1.ConditionTrue && (status == nil || status.State.Terminated != nil ||
		reason == "ContainerCreating" || init && reason == "PodInitializing")
}

// sandbox is whether a pod has its volumes and its network, as its kubelet says: "" if that is too old to say so.
func sandbox(pod *corev1.Pod) corev1.ConditionStatus {
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
	status, init := starting(pod)
	switch {
	case status == nil:
		return "has no container yet"
	case init:
		return "waits for its init container " + status.Name + ", which " + doing(status)
	case status.State.Running != nil:
		return "is not ready: its database instances do not all run"
	}
	return doing(status)
}

// doing says in words what a container does.
func doing(status *corev1.ContainerStatus) string {
	switch waiting, ended := status.State.Waiting, status.State.Terminated; {
	case waiting != nil:
		return "waits: " + strings.TrimSuffix(waiting.Reason+": "+waiting.Message, ": ")
	case ended != nil:
		return fmt.Sprintf("ended with exit status %d", ended.ExitCode)
	}
	return "runs"
}

// Hopeless is an error for a pod that no waiting will help. One that is being deleted makes way for another.
func Hopeless(pod *corev1.Pod) error {
	if pod == nil || pod.DeletionTimestamp != nil {
		return nil
	}
	status, init := starting(pod)
	who := "pod " + pod.Name
	if init {
		who += ", init container " + status.Name
	}
	switch waitingFor(status) {
	case "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName":
		return fmt.Errorf("%s: the image %s cannot be had: %s", who, status.Image, status.State.Waiting.Message)
	case "CrashLoopBackOff", "RunContainerError":
		cause := status.State.Waiting.Message
		if last := status.LastTerminationState.Terminated; last != nil {
			cause = strings.TrimSpace(fmt.Sprintf("exit status %d %s", last.ExitCode, remote.LastLines(last.Message, 3)))
		}
		return fmt.Errorf("%s ends again and again: %s; see kubectl logs -n %s %s -c %s --previous",
			who, cause, pod.Namespace, pod.Name, status.Name)
	}
	return nil
}

// Hopeless is an error if a pod's container ends again and again, which it may do after it has run for a moment.
func (p *Pods) Hopeless(ctx context.Context) error {
	pods, err := p.List(ctx)
	for i := range pods {
		if err == nil {
			err = Hopeless(&pods[i])
		}
	}
	return err
}

func Others(names []string, without string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == without })
}

// Unfinished says of each pod that is not fine what it waits for, in words.
func Unfinished(names []string, pods map[string]*corev1.Pod, fine func(*corev1.Pod) bool, words func(*corev1.Pod) string) []string {
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

func Running(pod *corev1.Pod) bool {
	status := Container(pod)
	return pod.DeletionTimestamp == nil && status != nil && status.State.Running != nil
}

func Ready(pod *corev1.Pod) bool {
	status := Container(pod)
	return Running(pod) && status.Ready
}

func Container(pod *corev1.Pod) *corev1.ContainerStatus {
	for i := range pod.Status.ContainerStatuses {
		if pod.Status.ContainerStatuses[i].Name == plan.Container {
			return &pod.Status.ContainerStatuses[i]
		}
	}
	return nil
}
