package pods

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"gpk/pkg/apply/engine"
)

// quiet is how long a pod may stay in a stage before gpk asks why: now and then a mount takes some 12 seconds.
const quiet = 20 * time.Second

// stalls remembers since when pods are in their stages.
type stalls struct {
	since map[stage]time.Time
	// left is when a pod last left a queued stage, by the stage's name.
	left map[string]time.Time
	// leavers are the pods that did. Each counts once: a pod that is recreated again and again is no progress.
	leavers map[string]bool
	// foremost is the name of the pod that messages begin with, "" if none stands out.
	foremost string
	// causes are why pods have no container, by the events that gpk read last.
	causes map[types.UID]string
	asked  time.Time
	// noEvents: the user has no right to list events.
	noEvents bool
}

// stalledPod is a pod that nothing has happened to for too long.
type stalledPod struct {
	name string
	// pod is nil if it is missing.
	pod *corev1.Pod
	// time counts from the end of its grace period if the pod is being deleted.
	time time.Duration
}

// find notes the stages of pods, and is the first pod that has stayed in one for too long.
func (s *stalls) find(names []string, pods map[string]*corev1.Pod, now time.Time) *stalledPod {
	s.note(names, pods, now)
	var found *stalledPod
	s.foremost = ""
	for _, name := range names {
		pod := pods[name]
		at := s.stage(name, pod)
		passed := now.Sub(s.begun(at))
		if at.patience == 0 || passed < quiet && s.cause(pod) == "" {
			continue
		}
		if s.foremost == "" {
			s.foremost = name
		}
		if passed >= at.patience && found == nil {
			found = &stalledPod{name, pod, passed}
		}
	}
	return found
}

// note notes the stages of pods, and which pods have left a queue.
func (s *stalls) note(names []string, pods map[string]*corev1.Pod, now time.Time) {
	current := map[stage]time.Time{}
	for _, name := range names {
		pod := pods[name]
		at := s.stage(name, pod)
		if at == (stage{}) {
			continue
		}
		since, known := s.since[at]
		if !known {
			since = now
		}
		if pod != nil && pod.DeletionTimestamp != nil {
			since = pod.DeletionTimestamp.Time
		}
		current[at] = since
	}
	for at := range s.since {
		if _, stays := current[at]; stays || !at.queued() || s.leavers[at.name+" "+at.pod] {
			continue
		}
		if s.leavers == nil {
			s.leavers, s.left = map[string]bool{}, map[string]time.Time{}
		}
		s.leavers[at.name+" "+at.pod], s.left[at.name] = true, now
	}
	s.since = current
}

func (s *stalls) stage(name string, pod *corev1.Pod) stage {
	return stageOf(name, pod, s.cause(pod) != "")
}

// begun is when the patience with a stage began. In a queue it begins again each time that a pod leaves it.
func (s *stalls) begun(at stage) time.Time {
	if left := s.left[at.name]; left.After(s.since[at]) {
		return left
	}
	return s.since[at]
}

// cause is what keeps a pod from its first container, "" if that is unknown. If the kubelet reports missing volumes or network, the pod
// does not wait for an image, even if the user may not see why.
func (s *stalls) cause(pod *corev1.Pod) string {
	switch {
	case pod == nil || pod.DeletionTimestamp != nil || !beforeContainers(pod):
		return ""
	case s.noEvents && sandboxReady(pod) == corev1.ConditionFalse:
		return "its volumes or its network are missing"
	}
	return s.causes[pod.UID]
}

// condition says in words what a pod waits for, and why.
func (s *stalls) condition(pod *corev1.Pod) string {
	if cause := s.cause(pod); cause != "" {
		return Condition(pod) + ": " + cause
	}
	return Condition(pod)
}

// foremostFirst are the names with the foremost in front.
func (s *stalls) foremostFirst(names []string) []string {
	if s.foremost == "" {
		return names
	}
	return append([]string{s.foremost}, Others(names, s.foremost)...)
}

// errorFor says what keeps a pod from being made, scheduled, started or deleted.
func (s *stalls) errorFor(ctx context.Context, p *Pods, found *stalledPod) error {
	namespace, name, passed := p.kube.Ref.Namespace, found.name, found.time.Round(time.Second)
	switch {
	case found.pod != nil && found.pod.DeletionTimestamp != nil:
		return overdueError(ctx, p, name, found.time)
	case found.pod != nil:
		return &engine.NextError{Err: fmt.Errorf("pod %s made no progress for %s: it %s", name, passed, s.condition(found.pod)),
			Next: engine.Next(fmt.Sprintf("`kubectl describe pod -n %s %s` shows more", namespace, name))}
	}
	set := name[:strings.LastIndex(name, "-")]
	if cause := lastWarning(ctx, p.kube, set); cause != "" {
		return fmt.Errorf("pod %s was not created within %s: %s", name, passed, cause)
	}
	return &engine.NextError{Err: fmt.Errorf("pod %s was not created within %s", name, passed),
		Next: engine.Next(fmt.Sprintf("`kubectl describe statefulset -n %s %s` shows why", namespace, set))}
}

// Overdue is an error about the first of some pods that is overdue: it should be gone for two minutes or more. nil if none is.
func (p *Pods) Overdue(ctx context.Context, pods ...metav1.Object) error {
	for _, pod := range pods {
		if overdue(pod) {
			return overdueError(ctx, p, pod.GetName(), time.Since(pod.GetDeletionTimestamp().Time))
		}
	}
	return nil
}

func overdue(pod metav1.Object) bool {
	end := pod.GetDeletionTimestamp()
	return end != nil && time.Since(end.Time) >= deletionPatience
}

func overdueError(ctx context.Context, p *Pods, name string, passed time.Duration) error {
	return &engine.NextError{Err: fmt.Errorf("%s is still being deleted, %s after its grace period ended",
		p.remote.Where(ctx, name), passed.Round(time.Second)), Next: engine.Next(p.ByForce(name), ", and run this again")}
}

// NoneOverdue blocks the stop of a database if a pod is overdue: its StatefulSet cannot recreate it. ok: none is.
func (p *Pods) NoneOverdue(ctx context.Context) (found engine.Finding, ok bool, err error) {
	pods, err := p.List(ctx)
	var late *engine.NextError
	for i := range pods {
		if errors.As(p.Overdue(ctx, &pods[i]), &late) {
			why := "the database was not stopped: " + late.Error()
			return engine.Finding{State: engine.Blocked, Details: []string{why}, Next: late.Next}, false, nil
		}
	}
	return engine.Finding{}, err == nil, err
}
