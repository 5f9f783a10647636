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

// eventTime bounds a question for events: they are looked at for their words only.
const eventTime = 5 * time.Second

// events are those that a field selector finds, in the order of their last occurrence. Their times are in seconds: of those in one
// second the warnings come first, since what goes on being wrong is told of again.
func (p *Pods) events(ctx context.Context, selector string) ([]corev1.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, eventTime)
	defer cancel()
	list, err := p.kube.API.CoreV1().Events(p.kube.Ref.Namespace).List(ctx, metav1.ListOptions{FieldSelector: selector})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list.Items, func(a, b corev1.Event) int {
		return cmp.Or(lastSeen(&a).Compare(lastSeen(&b)), -strings.Compare(a.Type, b.Type))
	})
	return list.Items, nil
}

// lastSeen is the second of an event's last occurrence, by whichever of its fields its author fills.
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

// askEvents finds out what keeps pods from their first containers, now and then.
func (p *Pods) askEvents(ctx context.Context, s *stuck, names []string, pods map[string]*corev1.Pod, now time.Time) {
	if s.blind || now.Sub(s.asked) < idle {
		return
	}
	s.asked = now
	asked := s.unstarted(names, pods, now)
	causes := make([]string, len(asked))
	err := engine.Each(ctx, asked, func(ctx context.Context, i int, pod *corev1.Pod) error {
		events, err := p.events(ctx, "involvedObject.kind=Pod,involvedObject.name="+pod.Name)
		causes[i] = hindrance(pod, events)
		return err
	})
	s.blind = apierrors.IsForbidden(err)
	if err != nil {
		return
	}
	s.hindered = map[types.UID]string{}
	for i, pod := range asked {
		s.hindered[pod.UID] = causes[i]
	}
}

// unstarted are pods that have been without a container for a while: a few, since in a large cluster they are thousands and mostly
// wait for the same.
func (s *stuck) unstarted(names []string, pods map[string]*corev1.Pod, now time.Time) []*corev1.Pod {
	var found []*corev1.Pod
	for _, name := range names {
		pod := pods[name]
		if pod == nil || pod.DeletionTimestamp != nil || !beforeContainers(pod) {
			continue
		}
		stage, _ := s.stage(name, pod)
		begun, known := s.since[stage]
		if s.cause(pod) != "" || known && now.Sub(begun.at) >= quiet {
			found = append(found, pod)
		}
		if len(found) == kube.AskedSingly {
			break
		}
	}
	return found
}

// lastWarning is the last event of a StatefulSet that is a warning, or "" if there is none or events may not be seen.
func (p *Pods) lastWarning(ctx context.Context, set string) string {
	events, err := p.events(ctx, "type="+corev1.EventTypeWarning+",involvedObject.kind=StatefulSet,involvedObject.name="+set)
	if err != nil || len(events) == 0 {
		return ""
	}
	return events[len(events)-1].Message
}

// hindrance is what the events say keeps a pod from its first container, "" if nothing. A warning that a container's own events come
// after was mended: its image may take any time.
func hindrance(pod *corev1.Pod, events []corev1.Event) string {
	// The kubelet sums up what it has told one by one, and tells that again within a few minutes as long as it is so.
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
