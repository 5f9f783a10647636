package pods

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// How long nothing may happen to a pod. A StatefulSet's controller makes pods within seconds, unless the API server refuses
// them. A node that an autoscaler adds takes minutes, and a volume that is attached to a lost node is let go after six. What a
// container refers to may be made after the pod, and the kubelet looks again every few seconds. Of thousands of pods, controllers
// make or place some twenty in a second: the time of those that wait for their turn counts from when one had its turn last.
const (
	absentPatience      = 2 * time.Minute
	unscheduledPatience = 10 * time.Minute
	hinderedPatience    = 10 * time.Minute
	configPatience      = time.Minute
)

// quiet is how long a pod may be as it is before anybody asks why: now and then a mount takes some 12 seconds longer.
const quiet = 20 * time.Second

// stuck remembers since when pods are not there, on no node, or without a container.
type stuck struct {
	since map[string]begun
	// turned is when a pod last had its turn in a queue, and had are those that have had one: a pod that is made again and again
	// is no progress.
	turned map[string]time.Time
	had    map[string]bool
	// first is the name of the first pod that is to be told of, if there is one.
	first string
	// hindered is what the events said of pods without a container when they were last asked for.
	hindered map[types.UID]string
	asked    time.Time
	// blind: events may not be seen.
	blind bool
}

// stuckPod is a pod that nothing has happened to for too long.
type stuckPod struct {
	name string
	// words are what it waits for, "" for a pod that is not there.
	words string
	// goes: it is being deleted, and time is how long it should have been gone for.
	goes bool
	time time.Duration
}

// begun is when a pod came into a stage, and the queue that it waits in there.
type begun struct {
	at    time.Time
	queue string
}

// find is the first pod that is stuck for too long. Volumes and nodes are waited for alike: both are the scheduler's words.
func (s *stuck) find(names []string, pods map[string]*corev1.Pod, now time.Time) *stuckPod {
	s.look(names, pods, now)
	var found *stuckPod
	s.first = ""
	for _, name := range names {
		pod := pods[name]
		stage, patience := s.stage(name, pod)
		if stage == "" {
			continue
		}
		passed := now.Sub(s.begun(stage))
		if patience == 0 || passed < quiet && s.cause(pod) == "" {
			continue
		}
		if s.first == "" {
			s.first = name
		}
		if passed >= patience && found == nil {
			found = &stuckPod{name: name, time: passed, goes: pod != nil && pod.DeletionTimestamp != nil}
			if pod != nil {
				found.words = s.condition(pod)
			}
		}
	}
	return found
}

// look notes what pods have come to, and which of them have left a queue.
func (s *stuck) look(names []string, pods map[string]*corev1.Pod, now time.Time) {
	still := map[string]begun{}
	for _, name := range names {
		pod := pods[name]
		stage, _ := s.stage(name, pod)
		if stage == "" {
			continue
		}
		since, known := s.since[stage]
		if !known {
			since = begun{now, queue(pod)}
		}
		if pod != nil && pod.DeletionTimestamp != nil {
			since.at = pod.DeletionTimestamp.Time
		}
		still[stage] = since
	}
	for stage, was := range s.since {
		name, _, _ := strings.Cut(stage, "/")
		if _, waits := still[stage]; waits || was.queue == "" || s.had[was.queue+name] {
			continue
		}
		if s.had == nil {
			s.had, s.turned = map[string]bool{}, map[string]time.Time{}
		}
		s.had[was.queue+name], s.turned[was.queue] = true, now
	}
	s.since = still
}

// queue names what many pods wait for one after the other, "" for a pod that waits for nothing but its own.
func queue(pod *corev1.Pod) string {
	switch {
	case pod == nil:
		return "made "
	case pod.Spec.NodeName == "" && pod.DeletionTimestamp == nil:
		return "placed "
	}
	return ""
}

// begun is when the patience with a pod in a stage has begun.
func (s *stuck) begun(stage string) time.Time {
	since := s.since[stage]
	if turned := s.turned[since.queue]; turned.After(since.at) {
		return turned
	}
	return since.at
}

// stage is what a pod has come to, which is the same as long as nothing happens to it, and how long that may be: without a bound
// where patience is 0, as for an image that is being pulled. It is "" for a pod that runs.
func (s *stuck) stage(name string, pod *corev1.Pod) (stage string, patience time.Duration) {
	if pod == nil {
		return name, absentPatience
	}
	if Running(pod) {
		return "", 0
	}
	// A pod that was made meanwhile begins anew.
	stage = name + "/" + string(pod.UID)
	status, _ := starting(pod)
	switch {
	case pod.DeletionTimestamp != nil:
		return stage + "/going", goingPatience
	case pod.Spec.NodeName == "":
		return stage, unscheduledPatience
	case slices.Contains([]string{"CreateContainerConfigError", "CreateContainerError"}, waitingFor(status)):
		return stage + "/" + waitingFor(status), configPatience
	case s.cause(pod) != "":
		return stage + "/hindered", hinderedPatience
	}
	return stage + "/starting", 0
}

// cause is what keeps a pod from its first container, as far as it is known: a pod whose kubelet says that volumes or network are
// missing is not one that pulls an image, even where nobody may see why.
func (s *stuck) cause(pod *corev1.Pod) string {
	switch {
	case pod == nil || pod.DeletionTimestamp != nil || !beforeContainers(pod):
		return ""
	case s.blind && sandbox(pod) == corev1.ConditionFalse:
		return fmt.Sprintf("kubectl describe pod -n %s %s says why", pod.Namespace, pod.Name)
	}
	return s.hindered[pod.UID]
}

// condition says in words what a pod waits for, and why.
func (s *stuck) condition(pod *corev1.Pod) string {
	if cause := s.cause(pod); cause != "" {
		return Condition(pod) + ": " + cause
	}
	return Condition(pod)
}

// foremost are the names with the one in front that there is most to say of.
func (s *stuck) foremost(names []string) []string {
	if s.first == "" {
		return names
	}
	return append([]string{s.first}, slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == s.first })...)
}

// stuckError says what keeps a pod from being made, placed or started, or from making way for another.
func (p *Pods) stuckError(ctx context.Context, s *stuckPod) error {
	passed := s.time.Round(time.Second)
	if s.goes {
		return p.GoingError(ctx, s.name, s.time)
	}
	if s.words != "" {
		return fmt.Errorf("for %s, pod %s %s", passed, s.name, s.words)
	}
	set := s.name[:strings.LastIndex(s.name, "-")]
	cause := p.lastWarning(ctx, set)
	if cause == "" {
		cause = fmt.Sprintf("kubectl describe statefulset -n %s %s says why", p.kube.Ref.Namespace, set)
	}
	return fmt.Errorf("for %s, pod %s has not been made: %s", passed, s.name, cause)
}
