package pods

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
)

// eventTime is how long a list of events may take: gpk needs only their words.
const eventTime = 5 * time.Second

// events are those that a field selector finds, in the order of their last occurrence. Their times are in seconds: within one second
// the warnings come first, since a fault that lasts is reported again.
func events(ctx context.Context, k *kube.Client, selector string) ([]corev1.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, eventTime)
	defer cancel()
	list, err := k.API.CoreV1().Events(k.Ref.Namespace).List(ctx, metav1.ListOptions{FieldSelector: selector})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list.Items, func(a, b corev1.Event) int {
		return cmp.Or(lastSeen(&a).Compare(lastSeen(&b)), -strings.Compare(a.Type, b.Type))
	})
	return list.Items, nil
}

// lastSeen is the second of an event's last occurrence, by the field that its author fills.
func lastSeen(e *corev1.Event) time.Time {
	seen := e.EventTime.Time
	switch {
	case e.Series != nil:
		seen = e.Series.LastObservedTime.Time
	case !e.LastTimestamp.IsZero():
		seen = e.LastTimestamp.Time
	}
	return seen.Truncate(time.Second)
}

// askEvents asks every 10 seconds what keeps pods from their first containers.
func (s *stalls) askEvents(ctx context.Context, k *kube.Client, names []string, pods map[string]*corev1.Pod, now time.Time) {
	if s.noEvents || now.Sub(s.asked) < lookAgain {
		return
	}
	s.asked = now
	asked := s.unstarted(names, pods, now)
	causes := make([]string, len(asked))
	err := engine.Each(ctx, asked, func(ctx context.Context, i int, pod *corev1.Pod) error {
		found, err := events(ctx, k, "involvedObject.kind=Pod,involvedObject.name="+pod.Name)
		causes[i] = blockingEvent(pod, found)
		return err
	})
	s.noEvents = apierrors.IsForbidden(err)
	if err != nil {
		return
	}
	s.causes = map[types.UID]string{}
	for i, pod := range asked {
		s.causes[pod.UID] = causes[i]
	}
}

// unstarted are pods without a container for a while: eight at most, since in a large cluster thousands wait, most for the same thing.
func (s *stalls) unstarted(names []string, pods map[string]*corev1.Pod, now time.Time) []*corev1.Pod {
	var found []*corev1.Pod
	for _, name := range names {
		pod := pods[name]
		if pod == nil || pod.DeletionTimestamp != nil || !beforeContainers(pod) {
			continue
		}
		since, known := s.since[s.stage(name, pod)]
		if s.cause(pod) != "" || known && now.Sub(since) >= quiet {
			found = append(found, pod)
		}
	}
	return found[:min(len(found), kube.Few)]
}

// lastWarning is the last warning among the events of a StatefulSet, "" if there is none or the user may not list events.
func lastWarning(ctx context.Context, k *kube.Client, set string) string {
	found, err := events(ctx, k, "type="+corev1.EventTypeWarning+",involvedObject.kind=StatefulSet,involvedObject.name="+set)
	if err != nil || len(found) == 0 {
		return ""
	}
	return found[len(found)-1].Message
}

// blockingEvent is the event that keeps a pod from its first container, "" if none does. A warning before an event of a container is over:
// its image may take any time.
func blockingEvent(pod *corev1.Pod, events []corev1.Event) string {
	// The kubelet sums up its single warnings. It repeats these within a few minutes while the fault lasts.
	const summary, again = "Unable to attach or mount volumes", 3 * time.Minute
	var last *corev1.Event
	for i := range events {
		event := &events[i]
		switch {
		case event.InvolvedObject.UID != pod.UID || event.Reason == "FailedScheduling":
		case slices.Contains([]string{"Pulling", "Pulled", "Created", "Started"}, event.Reason):
			last = nil
		case event.Type == corev1.EventTypeWarning &&
			(last == nil || !strings.HasPrefix(event.Message, summary) || lastSeen(event).Sub(lastSeen(last)) > again):
			last = event
		}
	}
	if last == nil {
		return ""
	}
	return last.Reason + ": " + strings.Join(strings.Fields(last.Message), " ")
}
