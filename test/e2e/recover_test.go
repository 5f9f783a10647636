//go:build e2e

package e2e

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestRecover loses one thing after the other, while a client writes: a mirror, a primary, a volume, the standby, and both copies
// of a content. A user's own Service selects all pods meanwhile: the DNS then has another name for each of their addresses. Two others
// have the names of pods, and lead nowhere.
func TestRecover(t *testing.T) {
	t.Parallel()
	s := shape{primaries: 1, mirrors: true, standby: true}
	c := newCluster(t, s)
	c.must(shared.Client.CoreV1().Services(c.namespace).Create(c.ctx, &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "a-users-own"},
		Spec: corev1.ServiceSpec{ClusterIP: corev1.ClusterIPNone, PublishNotReadyAddresses: true, Ports: []corev1.ServicePort{{Port: 22}},
			Selector: map[string]string{"app.kubernetes.io/instance": "demo"}}}, metav1.CreateOptions{}))
	for _, pod := range []string{"demo-primary-0", "demo-coordinator-1"} {
		c.must(shared.Client.CoreV1().Services(c.namespace).Create(c.ctx, &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: pod},
			Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 22}}}}, metav1.CreateOptions{}))
	}
	c.gpk("create", "-f", c.file).want(t, 0)
	w := c.writes()
	recovered := func(what string) {
		t.Helper()
		r := c.gpk("recover").want(t, 0)
		t.Logf("%s: recovered in %.1fs", what, r.took.Seconds())
		c.wantWhole(s)
	}
	const primaryDir, mirrorDir = "/greenplum/primary/gpseg0", "/greenplum/mirror/gpseg0"

	// The catalogue has it as up and in sync for another half minute.
	c.in("demo-mirror-0", killInstance, mirrorDir)
	c.gpk("recover", "--dry-run").want(t, 3)
	recovered("a mirror")

	c.in("demo-primary-0", killInstance, primaryDir)
	c.patiently("the mirror acts", func() (bool, error) { return c.acts("demo-mirror-0") })
	c.gpk("recover", "--no-rebalance").want(t, 0)
	c.wantActing(0, "demo-mirror-0")
	recovered("the roles")

	c.loseVolume("demo-mirror-0")
	c.patiently("the mirror is known to be down", func() (bool, error) { return c.acts("demo-primary-0") })
	recovered("a volume")

	c.in("demo-coordinator-1", killInstance, coordinatorDir)
	c.in("demo-coordinator-1", "rm -rf "+coordinatorDir)
	recovered("the standby")

	c.in("demo-mirror-0", killInstance, mirrorDir)
	c.in("demo-primary-0", killInstance, primaryDir)
	recovered("both copies of a content")
	w.wantAll()
}

// loseVolume takes a pod's volume away, and the pod, which gets another one.
func (c *cluster) loseVolume(pod string) {
	c.t.Helper()
	claims := shared.Client.CoreV1().PersistentVolumeClaims(c.namespace)
	before, err := claims.Get(c.ctx, "data-"+pod, metav1.GetOptions{})
	c.must(nil, err)
	c.must(nil, claims.Delete(c.ctx, before.Name, metav1.DeleteOptions{}))
	c.restart(pod)
	after, err := claims.Get(c.ctx, before.Name, metav1.GetOptions{})
	c.must(nil, err)
	if after.UID == before.UID {
		c.t.Fatalf("pod %s has its volume still", pod)
	}
}

// TestStop stops and starts the database, and takes its pods away meanwhile.
func TestStop(t *testing.T) {
	t.Parallel()
	s := shape{primaries: 1, mirrors: true, standby: true}
	c := newCluster(t, s)
	c.gpk("create", "-f", c.file).want(t, 0)
	w := c.writes()
	before := c.claims()
	c.gpk("stop", "--dry-run").want(t, 3)
	c.gpk("stop").want(t, 0)
	if r := c.gpk("stop").want(t, 0); !strings.Contains(r.stdout, "stopped already") {
		t.Errorf("stopped again: %s", r.stdout)
	}
	c.gpk("status").want(t, 1).says(t)
	c.restart("demo-primary-0", "demo-coordinator-0")
	c.in("demo-primary-0", environment+"sleep 3; ! pg_ctl status -D /greenplum/primary/gpseg0")
	c.gpk("start").want(t, 0)
	c.wantWhole(s)
	c.gpk("stop").want(t, 0)
	c.endContainer("demo-coordinator-0")
	c.in("demo-coordinator-0", environment+"sleep 10; ! pg_ctl status -D "+coordinatorDir)
	c.gpk("start").want(t, 0)
	c.endContainer("demo-coordinator-0")
	c.patiently("the coordinator is back", func() (bool, error) {
		_, err := c.tryCatalogue()
		return err == nil, err
	})
	c.wantWhole(s)
	if r := c.gpk("start").want(t, 0); !strings.Contains(r.stdout, "runs already") {
		t.Errorf("started again: %s", r.stdout)
	}

	c.gpk("stop", "--scale-to-zero").want(t, 0)
	pods, err := shared.Client.CoreV1().Pods(c.namespace).List(c.ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/instance=demo"})
	c.must(nil, err)
	if len(pods.Items) > 0 {
		t.Errorf("%d pods are left", len(pods.Items))
	}
	c.wantClaims(before)
	c.gpk("start").want(t, 0)
	c.wantWhole(s)

	asleep := c.sleeper()
	c.gpk("stop", "--mode", "smart").want(t, 0)
	c.must(nil, <-asleep)
	c.gpk("restart", "--mode", "immediate").want(t, 0)
	c.gpk("stop", "--mode", "brutal").want(t, 2)
	w.wantAll()
	c.wantWhole(s)
}
