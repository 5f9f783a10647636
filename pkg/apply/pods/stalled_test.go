package pods

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"gpk/test/apitest"
)

// What happens to a pod, and after which time it is found to be stuck. Each line is a minute later than the one before.
func TestStalled(t *testing.T) {
	unplaced := func(uid types.UID) *corev1.Pod { return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{UID: uid}} }
	placed := &corev1.Pod{Spec: corev1.PodSpec{NodeName: "node1"}}
	on := func(node string, state corev1.ContainerState) *corev1.Pod {
		p := apitest.Pod("odd", state, false)
		p.UID, p.Spec.NodeName = "c", node
		return p
	}
	creating, refers := on("node1", apitest.Waits("ContainerCreating", "")), on("node1", apitest.Waits("CreateContainerConfigError", "no such key"))
	unpulled, denied := on("node1", apitest.Waits("ErrImagePull", "503 Service Unavailable")), on("node1", apitest.Waits("ImagePullBackOff", ""))
	lost := on("node1", apitest.Runs())
	lost.DeletionTimestamp = &metav1.Time{Time: time.Unix(180, 0)}
	const mounting = "FailedMount: no such secret"
	times := func(pod *corev1.Pod, n int) []*corev1.Pod {
		var pods []*corev1.Pod
		for range n {
			pods = append(pods, pod)
		}
		return pods
	}
	tests := map[string]struct {
		minutes []*corev1.Pod
		events  string // what they say of the pod without a container
		stuck   int    // the minute, -1 for never
	}{
		"never made":            {times(nil, 4), "", 2},
		"made late":             {append(times(nil, 2), placed, placed, placed, placed), "", -1},
		"on no node":            {times(unplaced("a"), 12), "", 10},
		"on a node in time":     {append(times(unplaced("a"), 10), times(placed, 20)...), "", -1},
		"made anew in between":  {append(times(unplaced("a"), 8), times(unplaced("b"), 11)...), "", 18},
		"lost, and a new one":   {[]*corev1.Pod{nil, placed, nil, placed, nil, placed}, "", -1},
		"never made after that": {[]*corev1.Pod{nil, placed, nil, nil, nil}, "", 4},
		"an image for an hour":  {times(creating, 60), "", -1},
		"no registry":           {times(unpulled, 8), "", 2},
		"a registry in time":    {append(append(times(unpulled, 1), denied), times(on("node1", apitest.Runs()), 20)...), "", -1},
		"no volume":             {times(creating, 12), mounting, 10},
		"a volume in time":      {append(times(creating, 10), times(on("node1", apitest.Runs()), 20)...), mounting, -1},
		"no key":                {times(refers, 3), "", 1},
		"does not go":           {times(lost, 9), "", 5},
		"goes in time":          {append(times(lost, 5), times(on("node1", apitest.Runs()), 20)...), "", -1},
		"a key in time":         {[]*corev1.Pod{refers, creating, refers, creating}, "", -1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := stalls{causes: map[types.UID]string{"c": test.events}}
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
				if found != nil && (found.name != "odd" || pod != nil && !strings.HasSuffix(s.condition(found.pod), test.events)) {
					t.Errorf("minute %d: found %+v", minute, found)
				}
			}
			if at != test.stuck {
				t.Errorf("stuck in minute %d, want %d", at, test.stuck)
			}
		})
	}
}

// Of thousands of pods, all are waited for as long as one after the other is made, and placed. A pod that is made again and again is
// no such progress.
func TestStalledInTurn(t *testing.T) {
	const total, inSecond = 10000, 20
	names := make([]string, total)
	made, placed := make([]*corev1.Pod, total), make([]*corev1.Pod, total)
	for i := range names {
		names[i] = fmt.Sprintf("demo-primary-%d", i)
		made[i] = &corev1.Pod{ObjectMeta: metav1.ObjectMeta{UID: types.UID(names[i])}}
		placed[i] = made[i].DeepCopy()
		placed[i].Spec.NodeName = "node1"
	}
	var s stalls
	pods := map[string]*corev1.Pod{}
	at := func(second int) *stalledPod { return s.find(names, pods, time.Unix(int64(second), 0)) }
	second := 0
	turns := func(stage []*corev1.Pod) {
		for i := 0; i < total; second++ {
			for end := i + inSecond; i < end; i++ {
				pods[names[i]] = stage[i]
			}
			if second%10 == 0 {
				if found := at(second); found != nil {
					t.Fatalf("second %d: found %+v", second, found)
				}
			}
		}
	}
	turns(made)
	turns(placed)
	delete(pods, names[1])
	for flapping := true; second < 3000; second, flapping = second+10, !flapping {
		if delete(pods, names[0]); flapping {
			pods[names[0]] = placed[0]
		}
		if found := at(second); found != nil {
			if found.name != names[1] || found.time < absentPatience || found.time > absentPatience+30*time.Second {
				t.Errorf("second %d: found %+v", second, found)
			}
			return
		}
	}
	t.Error("a pod that is never made is waited for without an end")
}

// What the events say of a pod in the order in which they come, and what of it keeps the pod from its first container.
func TestBlockingEvent(t *testing.T) {
	const warning, normal = corev1.EventTypeWarning, corev1.EventTypeNormal
	said := func(second int64, kind, reason, message string) corev1.Event {
		return corev1.Event{Type: kind, Reason: reason, Message: message, LastTimestamp: metav1.Unix(second, 0),
			InvolvedObject: corev1.ObjectReference{Name: "odd", UID: "c"}}
	}
	earlier := said(3, warning, "FailedMount", "of an earlier pod of that name")
	earlier.InvolvedObject.UID = "b"
	scheduling := said(0, warning, "FailedScheduling", "0/3 nodes are available")
	scheduling.LastTimestamp, scheduling.EventTime = metav1.Time{}, metav1.NewMicroTime(time.Unix(9, 500))
	secret := said(5, warning, "FailedMount", "MountVolume.SetUp failed for volume \"x\" :\nsecret \"y\" not found")
	const noSecret = `FailedMount: MountVolume.SetUp failed for volume "x" : secret "y" not found`
	tests := map[string]struct {
		events []corev1.Event
		cause  string
	}{
		"nothing":              {nil, ""},
		"of others":            {[]corev1.Event{earlier, scheduling}, ""},
		"a volume":             {[]corev1.Event{said(9, normal, "Scheduled", ""), secret}, noSecret},
		"and its sum":          {[]corev1.Event{said(120, warning, "FailedMount", "Unable to attach or mount volumes: unmounted volumes=[x]"), secret}, noSecret},
		"a sum of other times": {[]corev1.Event{said(500, warning, "FailedMount", "Unable to attach or mount volumes: unmounted volumes=[z]"), secret}, "FailedMount: Unable to attach or mount volumes: unmounted volumes=[z]"},
		"mended":               {[]corev1.Event{said(6, normal, "Pulling", "image"), secret}, ""},
		"mended at once":       {[]corev1.Event{said(5, normal, "Pulled", "image"), secret}, ""},
		"and then another":     {[]corev1.Event{said(6, normal, "Started", ""), secret, said(7, warning, "FailedCreatePodSandBox", "no address")}, "FailedCreatePodSandBox: no address"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a := apitest.New()
			for i := range test.events {
				test.events[i].Name = fmt.Sprintf("odd.%d", i)
				a.Put(&test.events[i])
			}
			events, err := events(t.Context(), clusterFor(t, apitest.ConfigOf(a)).kube, "involvedObject.name=odd")
			odd := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "odd", UID: "c"}}
			if got := blockingEvent(odd, events); err != nil || got != test.cause {
				t.Errorf("%q, error %v; want %q", got, err, test.cause)
			}
		})
	}
}

// Events are asked for now and then, of pods without a container only, and the first pod that they say something of is told of
// first. Whoever may not see them is told where to look, and is not kept waiting for ever either.
func TestAskEvents(t *testing.T) {
	names := []string{"runs", "pulls", "odd"}
	pods := map[string]*corev1.Pod{}
	for i, name := range names {
		pods[name] = apitest.Pod(name, apitest.Waits("ContainerCreating", ""), false)
		pods[name].UID, pods[name].Spec.NodeName = types.UID(name), "node1"
		pods[name].Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReadyToStartContainers, Status: corev1.ConditionFalse}}
		if i < 2 {
			pods[name].Status.Conditions[0].Status = corev1.ConditionTrue
		}
	}
	pods["runs"].Status.ContainerStatuses[1].State = apitest.Runs()
	for blind, cause := range map[bool]string{false: "FailedMount: no such secret", true: "its volumes or its network are missing"} {
		t.Run(cause, func(t *testing.T) {
			a := apitest.New()
			a.Put(&corev1.Event{ObjectMeta: apitest.Meta("odd.1", ""), Type: corev1.EventTypeWarning, Reason: "FailedMount", Message: "no such secret",
				LastTimestamp: metav1.Unix(20, 0), InvolvedObject: corev1.ObjectReference{Name: "odd", UID: "odd"}})
			var asked []string
			a.Fail = func(r *http.Request) error {
				asked = append(asked, r.URL.Query().Get("fieldSelector"))
				if blind {
					return apierrors.NewForbidden(schema.GroupResource{Resource: "events"}, "", errors.New("no right"))
				}
				return nil
			}
			target := clusterFor(t, apitest.ConfigOf(a))
			var s stalls
			told, stuckAt := -1, -1
			for second := 0; second < 700; second++ {
				now := time.Unix(int64(second), 0)
				s.askEvents(t.Context(), target.kube, names, pods, now)
				if found := s.find(names, pods, now); found != nil && stuckAt < 0 {
					stuckAt = second
				}
				if waiting := Unfinished(s.foremostFirst(names), pods, Running, s.condition); told < 0 && s.foremost != "" {
					if told = second; waiting[0] != "pod odd waits: ContainerCreating: "+cause || len(waiting) != 2 {
						t.Errorf("told %q", waiting)
					}
				}
			}
			questions := map[bool]int{false: 68, true: 1}[blind]
			if told != 20 || stuckAt != 620 || len(asked) != questions || !strings.Contains(asked[0], "involvedObject.name=odd") {
				t.Errorf("told at %d, stuck at %d, %d questions", told, stuckAt, len(asked))
			}
		})
	}
}

// The cause is what the API server says of the StatefulSet, or where to find it.
func TestStalledError(t *testing.T) {
	a := apitest.New()
	a.Put(&corev1.Event{ObjectMeta: apitest.Meta("demo-primary.1", ""), Type: corev1.EventTypeWarning, LastTimestamp: metav1.Unix(20, 0),
		InvolvedObject: corev1.ObjectReference{Name: "demo-primary"}, Message: "no PriorityClass with name nobody was found"})
	got := withNext(new(stalls).errorFor(t.Context(), clusterFor(t, apitest.ConfigOf(a)).pods, &stalledPod{name: "demo-primary-3", time: absentPatience}))
	if want := "pod demo-primary-3 was not created within 2m0s: no PriorityClass with name nobody was found"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	got = withNext(new(stalls).errorFor(t.Context(), clusterFor(t, apitest.ConfigOf(apitest.New())).pods, &stalledPod{name: "demo-primary-3", time: absentPatience}))
	if want := "pod demo-primary-3 was not created within 2m0s; `kubectl describe statefulset -n analytics demo-primary` shows why"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
