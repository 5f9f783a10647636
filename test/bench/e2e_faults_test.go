//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// testLostNode kills a node: what tolerates it comes back with the node, the rest
// moves on, and so does a volume that every node can mount.
func testLostNode(t *testing.T, b benchUnderTest, c clusterUnderTest) {
	remote := "remote"
	c.makeClaim(t, "follower", &remote)
	c.makeFollower(t, "node2")
	c.want(t, "follower", "1000 drwxrwsr-x", "stat", "-c", "%g %A", "/data")
	c.want(t, "follower", "", "sh", "-c", "echo moved > /data/file")
	c.want(t, "two", "", "sh", "-c", "echo kept > /data/file")

	b.run(t, "kill-node", "node2")
	b.run(t, "kill-node", "node2") // again is no fault
	begin := time.Now()
	if left := b.processesOf(t, "node2"); len(left) > 0 {
		t.Errorf("of a killed node %v are left", left)
	}
	if said := b.fail(t, "status"); !strings.Contains(said, "dead") {
		t.Errorf("a killed node is not told of: %s", said)
	}
	oneLine(t, b.fail(t, "partition", "node2"), "bench start-node node2")
	eventually(t, 40*time.Second, func() error {
		if c.pod(t, "follower").DeletionTimestamp == nil {
			return fmt.Errorf("a pod of the lost node is not told to go")
		}
		return nil
	})
	t.Logf("a pod was told to go %s after its node was lost", time.Since(begin).Round(time.Second))

	c.removePod(t, "follower") // nobody there answers: it is the administrator's to say
	c.makeFollower(t, "node1")
	c.want(t, "follower", "moved", "cat", "/data/file")
	testExpand(t, c)

	b.run(t, "start-node", "node2")
	b.run(t, "start-node", "node2") // again is no fault
	b.run(t, "status")
	c.reaches(t, "one", "two", "two", "80")
	c.want(t, "two", "kept", "cat", "/data/file")
	c.removePod(t, "follower")
}

// testExpand asks for more of a volume that is in use.
func testExpand(t *testing.T, c clusterUnderTest) {
	claims := c.CoreV1().PersistentVolumeClaims(testNamespace)
	patch := []byte(`{"spec": {"resources": {"requests": {"storage": "2Mi"}}}}`)
	if _, err := claims.Patch(t.Context(), "follower", types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, func() error {
		claim, err := claims.Get(t.Context(), "follower", metav1.GetOptions{})
		if size := claim.Status.Capacity.Storage(); err == nil && size.String() != "2Mi" {
			err = fmt.Errorf("the claim has %s, want 2Mi", size)
		}
		return err
	})
	_, err := claims.Patch(t.Context(), "one", types.MergePatchType, patch, metav1.PatchOptions{})
	if !apierrors.IsForbidden(err) {
		t.Errorf("more is asked of a volume of the class local: %v; want a refusal", err)
	}
}

// testPartition cuts a node off for less time than it takes Kubernetes to notice.
func testPartition(t *testing.T, b benchUnderTest, c clusterUnderTest) {
	before := c.pod(t, "two").Status.ContainerStatuses[0].ContainerID
	address := c.pod(t, "two").Status.PodIP
	c.want(t, "one", "two", "nc", "-w", "1", address, "22")
	b.run(t, "partition", "node2")
	b.run(t, "partition", "node2") // again is no fault
	if out, err := c.exec(t.Context(), "one", "nc", "-w", "1", address, "22"); err == nil {
		t.Errorf("a pod of a partitioned node answers: %s", out)
	}
	if said := b.fail(t, "status"); !strings.Contains(said, "partitioned") {
		t.Errorf("a partitioned node is not told of: %s", said)
	}
	b.run(t, "heal", "node2")
	b.run(t, "heal", "node2") // again is no fault
	b.run(t, "pause", "node2")
	b.run(t, "pause", "node2") // again is no fault
	if out, err := c.exec(t.Context(), "one", "nc", "-w", "1", address, "22"); err == nil {
		t.Errorf("a pod of a paused node answers: %s", out)
	}
	b.run(t, "heal", "node2")
	c.reaches(t, "one", "two", address, "22")
	c.want(t, "two", "kept", "cat", "/data/file") // its kubelet is reached again
	if after := c.pod(t, "two").Status.ContainerStatuses[0].ContainerID; after != before {
		t.Error("the pod of the partitioned node did not go on")
	}
	eventually(t, 30*time.Second, func() error {
		said, err := b.command("status")
		if err != nil {
			err = fmt.Errorf("%w: %s", err, said)
		}
		return err
	})
	for _, command := range []string{"kill-node", "start-node", "partition", "pause", "heal"} {
		oneLine(t, b.fail(t, command, "node9"), `no node is called "node9"; this bench has node1, node2`)
	}
}

// testAPIServerRestarted sees another process answer.
func testAPIServerRestarted(t *testing.T, b benchUnderTest, c clusterUnderTest) {
	starts := func() int {
		log, err := os.ReadFile(filepath.Join(b.dir, "run/machines/control/log/init.log"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(log), "kube-apiserver started")
	}
	before := starts()
	b.run(t, "restart-apiserver")
	c.pod(t, "one")
	if got := starts() - before; got != 1 {
		t.Errorf("the API server was started %d times, want once", got)
	}
}

func (b benchUnderTest) processesOf(t *testing.T, machine string) []string {
	t.Helper()
	var pids []string
	for _, instance := range groupsOfInits(t, b.dir) {
		err := filepath.WalkDir(filepath.Join(instance, machine), func(path string, _ os.DirEntry, err error) error {
			if filepath.Base(path) != "cgroup.procs" || err != nil {
				return err
			}
			data, err := os.ReadFile(path)
			pids = append(pids, strings.Fields(string(data))...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return pids
}

func oneLine(t *testing.T, said, want string) {
	t.Helper()
	if strings.Count(strings.TrimSpace(said), "\n") > 0 || !strings.Contains(said, want) {
		t.Errorf("said %q; want one line with %q", said, want)
	}
}

// makeFollower makes a pod that leaves a lost node.
func (c clusterUnderTest) makeFollower(t *testing.T, node string) {
	t.Helper()
	pod, grace := newPod(t, "follower", node), int64(30)
	pod.Spec.Tolerations, pod.Spec.TerminationGracePeriodSeconds = nil, &grace
	c.create(t, pod)
	c.waitRunning(t, "follower")
}

func (c clusterUnderTest) create(t *testing.T, pod *corev1.Pod) {
	t.Helper()
	if _, err := c.CoreV1().Pods(testNamespace).Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// removePod removes a pod whether its node answers or not.
func (c clusterUnderTest) removePod(t *testing.T, name string) {
	t.Helper()
	now := int64(0)
	err := c.CoreV1().Pods(testNamespace).Delete(t.Context(), name, metav1.DeleteOptions{GracePeriodSeconds: &now})
	if err != nil && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
	eventually(t, 30*time.Second, func() error {
		_, err := c.CoreV1().Pods(testNamespace).Get(t.Context(), name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("pod %s is still there: %w", name, err)
	})
}
