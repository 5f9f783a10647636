package apply

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// What happens to a pod, and after which time it is found to be stuck. Each line is a minute later than the one before.
func TestStuck(t *testing.T) {
	unplaced := func(uid types.UID) *corev1.Pod { return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{UID: uid}} }
	placed := &corev1.Pod{Spec: corev1.PodSpec{NodeName: "node1"}}
	times := func(pod *corev1.Pod, n int) []*corev1.Pod {
		var pods []*corev1.Pod
		for range n {
			pods = append(pods, pod)
		}
		return pods
	}
	tests := map[string]struct {
		minutes []*corev1.Pod
		stuck   int // the minute, -1 for never
	}{
		"never made":            {times(nil, 4), 2},
		"made late":             {append(times(nil, 2), placed, placed, placed, placed), -1},
		"on no node":            {times(unplaced("a"), 12), 10},
		"on a node in time":     {append(times(unplaced("a"), 10), times(placed, 20)...), -1},
		"made anew in between":  {append(times(unplaced("a"), 8), times(unplaced("b"), 11)...), 18},
		"lost, and a new one":   {[]*corev1.Pod{nil, placed, nil, placed, nil, placed}, -1},
		"never made after that": {[]*corev1.Pod{nil, placed, nil, nil, nil}, 4},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var s stuck
			at := -1
			for minute, pod := range test.minutes {
				pods := map[string]*corev1.Pod{"fine": placed}
				if pod != nil {
					pods["odd"] = pod
				}
				found := s.find([]string{"fine", "odd"}, pods, time.Unix(0, 0).Add(time.Duration(minute)*time.Minute))
				if found != nil && at < 0 {
					at = minute
				}
				if found != nil && found.name != "odd" {
					t.Errorf("minute %d: found %s", minute, found.name)
				}
			}
			if at != test.stuck {
				t.Errorf("stuck in minute %d, want %d", at, test.stuck)
			}
		})
	}
}

// The cause is what the API server says of the StatefulSet, or where to find it.
func TestStuckError(t *testing.T) {
	a := newAPI()
	a.put(&corev1.Event{ObjectMeta: meta("demo-primary.1", ""), Type: corev1.EventTypeWarning, LastTimestamp: metav1.Unix(20, 0),
		InvolvedObject: corev1.ObjectReference{Name: "demo-primary"}, Message: "no PriorityClass with name nobody was found"})
	got := a.target(t).stuckError(t.Context(), &stuckPod{"demo-primary-3", nil, absentPatience}).Error()
	if want := "for 2m0s, pod demo-primary-3 has not been made: no PriorityClass with name nobody was found"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	got = newAPI().target(t).stuckError(t.Context(), &stuckPod{"demo-primary-3", nil, absentPatience}).Error()
	if want := "for 2m0s, pod demo-primary-3 has not been made: kubectl describe statefulset -n analytics demo-primary says why"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
