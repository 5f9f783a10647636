//go:build linux

package main

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const simulatedLabel = "bench.gpk.local/simulated"

// testSimulated has simulated nodes join, and run pods that say they are meant
// for them, and no others.
func testSimulated(t *testing.T, b benchUnderTest, c clusterUnderTest) {
	b.run(t, "up", "--simulated", "20")
	if said, err := b.command("status"); err != nil || !strings.Contains(said, "20 of 20 ready") {
		t.Errorf("status: %v\n%s", err, said)
	}
	var names []string
	for n := range 10 {
		names = append(names, fmt.Sprintf("pod-%d", n))
		c.create(t, newSimulatedPod(t, names[n]))
	}
	stray := newSimulatedPod(t, "stray")
	stray.Spec.Tolerations = nil
	c.create(t, stray)
	for _, name := range names {
		eventually(t, 30*time.Second, func() error { return runsSimulated(c.pod(t, name)) })
	}
	c.want(t, names[0], "1000", "id", "-u")
	if out, err := c.exec(t.Context(), names[0], "sh", "-c", "exit 7"); err == nil || !strings.Contains(err.Error(), "exit status 7") {
		t.Errorf("a command that fails: %v\n%s", err, out)
	}
	eventually(t, 10*time.Second, func() error { return unschedulable(c.pod(t, "stray")) })
	pods, simulated := c.CoreV1().Pods(testNamespace), metav1.ListOptions{LabelSelector: "app=simulated"}
	if err := pods.DeleteCollection(t.Context(), metav1.DeleteOptions{}, simulated); err != nil {
		t.Fatal(err)
	}
	eventually(t, 20*time.Second, func() error {
		left, err := pods.List(t.Context(), simulated)
		if err == nil && len(left.Items) > 0 {
			err = fmt.Errorf("%d simulated pods are left", len(left.Items))
		}
		return err
	})
}

// testThousand has a thousand simulated nodes, and on each a pod that becomes ready
// and answers exec.
func testThousand(t *testing.T, b benchUnderTest, c clusterUnderTest) {
	const nodes = 1000
	began := time.Now()
	b.run(t, "up", "--simulated", strconv.Itoa(nodes))
	if took := time.Since(began); took > time.Minute {
		t.Errorf("up with %d simulated nodes took %s", nodes, took.Round(time.Second))
	}
	if said, err := b.command("status"); err != nil || !strings.Contains(said, "1000 of 1000 ready") {
		t.Errorf("status: %v\n%s", err, said)
	}
	c.onEach(t, newSimulatedPod(t, "each"))
	var pods []corev1.Pod
	eventually(t, 2*time.Minute, func() error {
		list, err := c.CoreV1().Pods(testNamespace).List(t.Context(), metav1.ListOptions{LabelSelector: "app=simulated"})
		if err != nil {
			return err
		}
		pods = list.Items
		used := map[string]bool{}
		for i := range pods {
			if err := runsSimulated(&pods[i]); err != nil {
				return err
			}
			used[pods[i].Spec.NodeName] = true
		}
		if len(used) != nodes || len(pods) != nodes {
			return fmt.Errorf("%d pods are ready, on %d nodes", len(pods), len(used))
		}
		return nil
	})
	t.Logf("a pod on each was ready %.1f s after the beginning", time.Since(began).Seconds())
	c.answer(t, pods)
	t.Logf("all had answered after %.1f s", time.Since(began).Seconds())
}

// onEach runs a pod like this one on every node that it is meant for.
func (c clusterUnderTest) onEach(t *testing.T, pod *corev1.Pod) {
	t.Helper()
	pod.Spec.Hostname, pod.Spec.Subdomain = "", ""
	set := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Name: pod.Name}, Spec: appsv1.DaemonSetSpec{
		Selector: &metav1.LabelSelector{MatchLabels: pod.Labels},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: pod.Labels}, Spec: pod.Spec},
	}}
	// A connection may be left from before the bench was killed, which nobody notices before it is written to.
	eventually(t, 10*time.Second, func() error {
		_, err := c.AppsV1().DaemonSets(testNamespace).Create(t.Context(), set, metav1.CreateOptions{})
		if apierrors.IsAlreadyExists(err) {
			return nil
		}
		return err
	})
}

// answer wants every pod to answer exec, several at once.
func (c clusterUnderTest) answer(t *testing.T, pods []corev1.Pod) {
	t.Helper()
	var asking sync.WaitGroup
	names := make(chan string)
	for range 16 {
		asking.Go(func() {
			for name := range names {
				if out, err := c.exec(t.Context(), name, "echo", name); err != nil || strings.TrimSpace(out) != name {
					t.Errorf("exec in pod %s: %q, %v", name, out, err)
				}
			}
		})
	}
	for i := range pods {
		names <- pods[i].Name
	}
	close(names)
	asking.Wait()
}

// newSimulatedPod is a pod like any other that is meant for simulated nodes.
func newSimulatedPod(t *testing.T, name string) *corev1.Pod {
	pod, grace := newPod(t, name, ""), int64(30)
	pod.Labels["app"] = "simulated"
	pod.Spec.TerminationGracePeriodSeconds = &grace // its kubelet has to say that it is gone
	pod.Spec.Volumes, pod.Spec.Containers[0].VolumeMounts = nil, nil
	pod.Spec.NodeSelector = map[string]string{simulatedLabel: "true"}
	pod.Spec.Tolerations = []corev1.Toleration{{Key: simulatedLabel, Operator: corev1.TolerationOpExists}}
	return pod
}

func runsSimulated(pod *corev1.Pod) error {
	ready := false
	for _, condition := range pod.Status.Conditions {
		ready = ready || (condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue)
	}
	if !ready || pod.Status.PodIP == "" || !strings.HasPrefix(pod.Spec.NodeName, "sim-") {
		return fmt.Errorf("pod %s on node %q with address %q is not ready", pod.Name, pod.Spec.NodeName, pod.Status.PodIP)
	}
	return nil
}

func unschedulable(pod *corev1.Pod) error {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Reason == corev1.PodReasonUnschedulable {
			return nil
		}
	}
	return fmt.Errorf("pod %s, which tolerates no simulated node, is on %q", pod.Name, pod.Spec.NodeName)
}
