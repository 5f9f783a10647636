package apply

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// How long nothing may happen to a pod. A StatefulSet's controller makes pods within seconds, unless the API server refuses
// them. A node that an autoscaler adds takes minutes.
const (
	absentPatience      = 2 * time.Minute
	unscheduledPatience = 10 * time.Minute
)

// stuck remembers since when pods are not there, or on no node.
type stuck struct{ since map[string]time.Time }

// stuckPod is a pod that nothing has happened to for too long.
type stuckPod struct {
	name string
	// pod is nil for one that is not there.
	pod  *corev1.Pod
	time time.Duration
}

// find is the first pod that is stuck for too long. Volumes and nodes are waited for alike: both are the scheduler's words.
func (s *stuck) find(names []string, pods map[string]*corev1.Pod, now time.Time) *stuckPod {
	still := map[string]time.Time{}
	var found *stuckPod
	for _, name := range names {
		pod, patience := pods[name], unscheduledPatience
		switch {
		case pod == nil:
			patience = absentPatience
		case pod.Spec.NodeName != "" || pod.DeletionTimestamp != nil:
			continue
		}
		// A pod that was made meanwhile begins anew.
		key := name
		if pod != nil {
			key += "/" + string(pod.UID)
		}
		begun, known := s.since[key]
		if !known {
			begun = now
		}
		still[key] = begun
		if passed := now.Sub(begun); passed >= patience && found == nil {
			found = &stuckPod{name, pod, passed}
		}
	}
	s.since = still
	return found
}

// stuckError says what keeps a pod from being made or placed.
func (t *Target) stuckError(ctx context.Context, s *stuckPod) error {
	passed := s.time.Round(time.Second)
	if s.pod != nil {
		return fmt.Errorf("for %s, pod %s %s", passed, s.name, condition(s.pod))
	}
	set := s.name[:strings.LastIndex(s.name, "-")]
	cause := t.lastWarning(ctx, set)
	if cause == "" {
		cause = fmt.Sprintf("kubectl describe statefulset -n %s %s says why", t.Ref.Namespace, set)
	}
	return fmt.Errorf("for %s, pod %s has not been made: %s", passed, s.name, cause)
}

// lastWarning is the last event of an object that is a warning, or "" if there is none or events may not be seen.
func (t *Target) lastWarning(ctx context.Context, name string) string {
	list, err := t.client.CoreV1().Events(t.Ref.Namespace).List(ctx, metav1.ListOptions{
		FieldSelector: "type=" + corev1.EventTypeWarning + ",involvedObject.name=" + name})
	if err != nil {
		return ""
	}
	var last corev1.Event
	for _, event := range list.Items {
		if !event.LastTimestamp.Before(&last.LastTimestamp) {
			last = event
		}
	}
	return last.Message
}
