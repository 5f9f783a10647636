package pods

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/engine"
	"gpk/test/apitest"
)

// preparing is a pod whose database waits for its init containers.
func preparing(statuses ...corev1.ContainerStatus) *corev1.Pod {
	p := apitest.Pod("p", apitest.Waits("PodInitializing", ""), false)
	p.Status.InitContainerStatuses = statuses
	p.Spec.InitContainers = []corev1.Container{{Name: "prepare"}, {Name: "proxy", RestartPolicy: new(corev1.ContainerRestartPolicyAlways)}}
	return p
}

func inits(name string, state corev1.ContainerState) corev1.ContainerStatus {
	return corev1.ContainerStatus{Name: name, Image: "registry.example/" + name, State: state, Started: new(state.Running != nil)}
}

func ended(status int32) corev1.ContainerState {
	return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: status}}
}

// What is said of a pod in each of its states, and whether there is a point in waiting.
func TestPodConditions(t *testing.T) {
	deleted := apitest.Pod("p", apitest.Runs(), true)
	deleted.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
	leaving := apitest.Pod("p", apitest.Waits("ImagePullBackOff", "not found"), false)
	leaving.DeletionTimestamp = deleted.DeletionTimestamp
	homeless := apitest.Pod("p", apitest.Runs(), false)
	homeless.Status = corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Message: "0/2 nodes are available"}}}
	crashing := apitest.Pod("p", apitest.Waits("CrashLoopBackOff", "back-off 5m0s restarting failed container"), false)
	crashing.Status.ContainerStatuses[1].RestartCount = mostRestarts
	crashing.Status.ContainerStatuses[1].LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 127, Message: "no sshd\n"}
	unprepared := preparing(inits("prepare", apitest.Waits("CrashLoopBackOff", "back-off 10s")))
	unprepared.Status.InitContainerStatuses[0].LastTerminationState = ended(9)
	unprepared.Status.InitContainerStatuses[0].RestartCount = mostRestarts
	failedTwice := unprepared.DeepCopy()
	failedTwice.Status.InitContainerStatuses[0].RestartCount = 2
	const busy = `Back-off pulling image "registry.example/greenplum:7.1.0": ErrImagePull: unexpected status from HEAD request: 503 Service Unavailable`
	besides := apitest.Pod("p", apitest.Runs(), true)
	besides.Status.ContainerStatuses[0].State = apitest.Waits("CrashLoopBackOff", "back-off 10s")
	tests := map[string]struct {
		pod            *corev1.Pod
		running, ready bool
		condition      string
		cannotStart    string
	}{
		"ready":              {apitest.Pod("p", apitest.Runs(), true), true, true, "", ""},
		"running":            {apitest.Pod("p", apitest.Runs(), false), true, false, "is not ready: some of its database instances do not run", ""},
		"being deleted":      {deleted, false, false, "is being deleted", ""},
		"no image, replaced": {leaving, false, false, "is being deleted", ""},
		"no node":            {homeless, false, false, "cannot be scheduled: 0/2 nodes are available", ""},
		"no container":       {&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}}, false, false, "has no container yet", ""},
		"being made":         {apitest.Pod("p", apitest.Waits("ContainerCreating", ""), false), false, false, "waits: ContainerCreating", ""},
		"pulling failed":     {apitest.Pod("p", apitest.Waits("ErrImagePull", "timeout"), false), false, false, "waits: ErrImagePull: timeout", ""},
		"ended":              {apitest.Pod("p", corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 3}}, false), false, false, "ended with exit status 3", ""},
		"a busy registry":    {apitest.Pod("p", apitest.Waits("ImagePullBackOff", busy), false), false, false, "waits: ImagePullBackOff: " + busy, ""},
		"too many pulls":     {apitest.Pod("p", apitest.Waits("ErrImagePull", "429 Too Many Requests - toomanyrequests: slow down"), false), false, false, "waits: ErrImagePull: 429 Too Many Requests - toomanyrequests: slow down", ""},
		"no password":        {apitest.Pod("p", apitest.Waits("ErrImagePull", "failed to authorize: 401 Unauthorized"), false), false, false, "waits: ErrImagePull: failed to authorize: 401 Unauthorized", "cannot be pulled: failed to authorize: 401 Unauthorized"},
		"prepared next time": {failedTwice, false, false, "waits for its init container prepare, which waits: CrashLoopBackOff: back-off 10s", ""},
		"no such image":      {apitest.Pod("p", apitest.Waits("ImagePullBackOff", "not found"), false), false, false, "waits: ImagePullBackOff: not found", "the image registry.example/greenplum:7.1.0 cannot be pulled: not found"},
		"no image of a node": {apitest.Pod("p", apitest.Waits("ErrImageNeverPull", "policy is Never"), false), false, false, "waits: ErrImageNeverPull: policy is Never", "cannot be pulled: policy is Never"},
		"no image's name":    {apitest.Pod("p", apitest.Waits("InvalidImageName", "bad"), false), false, false, "waits: InvalidImageName: bad", "cannot be pulled: bad"},
		"preparing":          {preparing(inits("prepare", apitest.Runs())), false, false, "waits for its init container prepare, which runs", ""},
		"not prepared": {unprepared, false, false, "waits for its init container prepare, which waits: CrashLoopBackOff: back-off 10s",
			"pod p, init container prepare keeps exiting: exit status 9; `kubectl logs -n analytics p -c prepare --previous` shows its output"},
		"no such sidecar": {preparing(inits("prepare", ended(0)), inits("proxy", apitest.Waits("ImagePullBackOff", "not found"))), false, false,
			"waits for its init container proxy, which waits: ImagePullBackOff: not found",
			"pod p, init container proxy: the image registry.example/proxy cannot be pulled: not found"},
		"prepared":               {preparing(inits("prepare", ended(0)), inits("proxy", apitest.Runs())), false, false, "waits: PodInitializing", ""},
		"another container ends": {besides, true, true, "", ""},
		"crashing":               {crashing, false, false, "waits: CrashLoopBackOff: back-off 5m0s restarting failed container", "keeps exiting: exit status 127 no sshd"},
	}
	for name, test := range tests {
		if got := Running(test.pod); got != test.running {
			t.Errorf("%s: running %t", name, got)
		}
		if got := Ready(test.pod); got != test.ready {
			t.Errorf("%s: ready %t", name, got)
		}
		if got := Condition(test.pod); !test.ready && got != test.condition {
			t.Errorf("%s: %q, want %q", name, got, test.condition)
		}
		err := CannotStart(test.pod)
		if got := withNext(err); (err != nil) != (test.cannotStart != "") || err != nil && (!strings.Contains(got, test.cannotStart) || !strings.HasPrefix(got, "pod p")) {
			t.Errorf("%s: error %q, want %q", name, got, test.cannotStart)
		}
	}
	if err := CannotStart(nil); err != nil {
		t.Errorf("a missing pod: %v", err)
	}
}

// withNext is an error with its advice.
func withNext(err error) string {
	var told *engine.NextError
	if errors.As(err, &told) {
		return told.Error() + "; " + told.Next.String()
	}
	return fmt.Sprint(err)
}

// A wait sees pods come, one after the other, tells how far it is, and ends with the last.
func TestWaitForPods(t *testing.T) {
	a := apitest.New()
	target := clusterFor(t, apitest.Served(t, a))
	names := []string{"demo-primary-0", "demo-primary-1"}
	a.Put(apitest.Pod(names[0], apitest.Waits("ContainerCreating", ""), false))
	steps := []func(){
		func() { a.Put(apitest.Pod(names[0], apitest.Runs(), false)) },
		func() { a.Put(apitest.Pod(names[1], apitest.Waits("ContainerCreating", ""), false)) },
		func() { a.Put(apitest.Pod(names[1], apitest.Runs(), false)) },
	}
	var told []string
	var once sync.Once
	err := target.pods.Wait(t.Context(), names, Running, func(line string) {
		told = append(told, line)
		once.Do(func() { go later(steps) })
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := "0 of 2 pods; pod demo-primary-0 waits: ContainerCreating"; len(told) < 2 || told[0] != want || !strings.HasPrefix(told[len(told)-1], "1 of 2 pods; pod demo-primary-1 ") {
		t.Errorf("told %q", told)
	}
}

// later does one thing after the other, with time between them for a watch to see each.
func later(steps []func()) {
	for _, step := range steps {
		time.Sleep(20 * time.Millisecond)
		step()
	}
}

// A wait that nothing can end well ends at once, and one that is cut short says what it waited for.
func TestWaitForPodsEnds(t *testing.T) {
	a := apitest.New()
	target := clusterFor(t, apitest.Served(t, a))
	interrupted := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	err := target.pods.Wait(ctx, []string{"demo-mirror-0"}, Ready, func(string) { cancel(interrupted) })
	if !errors.Is(err, interrupted) || !strings.Contains(err.Error(), "pod demo-mirror-0 does not exist yet") {
		t.Errorf("error %v", err)
	}
	go func() {
		time.Sleep(50 * time.Millisecond)
		a.Put(apitest.Pod("demo-mirror-0", apitest.Waits("ImagePullBackOff", "not found"), false))
	}()
	err = target.pods.Wait(t.Context(), []string{"demo-mirror-0"}, Ready, func(string) {})
	if err == nil || !strings.Contains(err.Error(), "cannot be pulled: not found") {
		t.Errorf("error %v", err)
	}
}
