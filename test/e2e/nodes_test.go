//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// bench runs a command of the bench, for what no API can do to a cluster.
func (c *cluster) bench(args ...string) {
	c.t.Helper()
	if shared.bench == "" {
		c.t.Skip("GPK_TEST_BENCH names no bench whose machines could be lost")
	}
	began := time.Now()
	if out, err := exec.CommandContext(c.ctx, shared.bench, args...).CombinedOutput(); err != nil {
		c.t.Fatalf("bench %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	c.t.Logf("bench %s took %.1fs", strings.Join(args, " "), time.Since(began).Seconds())
}

// TestAPIServerRestarted kills the API server while gpinitsystem runs: every stream is cut, and gpk finds its way back. It
// is alone, since no other test expects that.
func TestAPIServerRestarted(t *testing.T) {
	c := newCluster(t, small())
	creating := c.start("create", "-f", c.file)
	c.freeze()
	c.bench("restart-apiserver")
	c.thaw()
	creating.wait().want(t, 0)
	c.wantWhole(small())
	c.wantInitialisedOnce()
}

// TestNodeLost cuts the power of the node that gpinitsystem runs on. gpk says which pod it waits for; when the node is back,
// another create finishes.
func TestNodeLost(t *testing.T) {
	c := newCluster(t, small())
	creating := c.start("create", "-f", c.file)
	c.freeze()
	pod, err := shared.Client.CoreV1().Pods(c.namespace).Get(c.ctx, coordinator, metav1.GetOptions{})
	c.must(nil, err)
	node := pod.Spec.NodeName
	c.t.Cleanup(func() { _ = exec.Command(shared.bench, "start-node", node).Run() })
	c.bench("kill-node", node)
	if lost := creating.wait().want(t, 1).says(t, "step initialise", coordinator, node, "next:"); lost.took > 4*time.Minute {
		t.Errorf("it took %s to say that a pod does not answer", lost.took)
	}
	c.bench("start-node", node)
	c.gpk("create", "-f", c.file).want(t, 0)
	c.wantWhole(small())
}

// TestFailoverNodeLost cuts the power of the coordinator's node. The standby takes over; when the node is back, the old coordinator
// takes no writes beside the new one.
func TestFailoverNodeLost(t *testing.T) {
	s := shape{primaries: 2, mirrors: true, standby: true}
	c := newCluster(t, s)
	c.gpk("create", "-f", c.file).want(t, 0)
	c.sql("analytics", "create table kept (id int)")
	c.sql("analytics", "insert into kept select generate_series(1, 300)")
	node := c.node("demo-coordinator-0")
	c.t.Cleanup(func() { _ = exec.Command(shared.bench, "start-node", node).Run() })
	c.bench("kill-node", node)
	c.failsOver("demo-coordinator-1")
	c.bench("start-node", node)
	c.comesHome(s, "demo-coordinator-1")
	if rows := c.sql("analytics", "select count(*) from kept"); rows != "400" {
		c.t.Errorf("%s of 400 rows are there", rows)
	}
}

// TestFailoverPartitioned cuts only the network of the coordinator's node: the old coordinator runs on, and finds out by itself that
// it may have a successor.
func TestFailoverPartitioned(t *testing.T) {
	long(t)
	failsOverBeside(t, "partition")
}

// TestFailoverPaused stops the coordinator's machine where it stands, and has it go on when another coordinator acts: the old one finds its
// clients and its sessions in the segments as they were.
func TestFailoverPaused(t *testing.T) {
	long(t)
	failsOverBeside(t, "pause")
}

// failsOverBeside has a failover happen beside a coordinator on a machine that the bench takes away from all others, and comes back.
func failsOverBeside(t *testing.T, fault string) {
	s := shape{primaries: 2, mirrors: true, standby: true}
	c := newCluster(t, s)
	c.gpk("create", "-f", c.file).want(t, 0)
	c.sql("analytics", "create table kept (id int)")
	// A client beside the old coordinator writes what it can. What it is told to be written has to be there afterwards.
	c.sql("analytics", "create table ledger (id int)")
	node := c.node("demo-coordinator-0")
	// One client connects for each row, and the other one keeps its session.
	c.in("demo-coordinator-0", environment+`setsid nohup bash -c 'for ((i = 1; i < 10000; i += 2)); do
  PGCONNECT_TIMEOUT=3 psql -XAtq -d analytics -c "insert into ledger values ($i)" && echo $i >>/greenplum/acknowledged || sleep 0.2
done' >/dev/null 2>&1 </dev/null &
setsid nohup bash -c 'while true; do
  for ((i = 2; i < 10000; i += 2)); do echo "insert into ledger values ($i) returning id;"; echo "select pg_sleep(0.05) is null;"; done |
    psql -XAtq -v ON_ERROR_STOP=1 -d analytics | grep --line-buffered -o "^[0-9]*$" >>/greenplum/acknowledged
  sleep 0.2
done' >/dev/null 2>&1 </dev/null &
until [ "$(wc -l </greenplum/acknowledged)" -gt 10 ]; do sleep 0.2; done`)
	c.t.Cleanup(func() { _ = exec.Command(shared.bench, "heal", node).Run() })
	c.bench(fault, node)
	c.failsOver("demo-coordinator-1")
	c.bench("heal", node)
	c.comesHome(s, "demo-coordinator-1")
	written := strings.Fields(c.sql("analytics", "select id from ledger"))
	acknowledged := strings.Fields(c.in("demo-coordinator-0", "cat /greenplum/acknowledged"))
	c.t.Logf("beside the coordinator that was cut off, %d rows were acknowledged; %d are there", len(acknowledged), len(written))
	for _, id := range acknowledged {
		if !slices.Contains(written, id) {
			c.t.Errorf("row %s was acknowledged and is not there", id)
		}
	}
}

func (c *cluster) node(pod string) string {
	c.t.Helper()
	found, err := shared.Client.CoreV1().Pods(c.namespace).Get(c.ctx, pod, metav1.GetOptions{})
	c.must(nil, err)
	return found.Spec.NodeName
}

// failsOver has the standby in a pod take over from a coordinator that is out of reach.
func (c *cluster) failsOver(to string) {
	c.t.Helper()
	r := c.gpk("failover").want(c.t, 0)
	c.t.Logf("the standby took over within %.1fs", r.took.Seconds())
	if status := c.gpk("status", "-o", "json"); !strings.Contains(status.stdout, `"coordinator": "`+to+`"`) {
		c.t.Errorf("the coordinator does not act in pod %s: %s%s", to, status.stdout, status.stderr)
	}
	c.sql("analytics", "insert into kept select generate_series(1, 100)")
}

// comesHome waits until the pods of a node run again, and has the cluster made whole.
func (c *cluster) comesHome(s shape, acting string) {
	c.t.Helper()
	for _, pod := range []string{"demo-coordinator-0", "demo-coordinator-1", "demo-primary-0", "demo-primary-1", "demo-mirror-0", "demo-mirror-1"} {
		c.patiently("pod "+pod+" runs again", func() (bool, error) {
			found, err := shared.Client.CoreV1().Pods(c.namespace).Get(c.ctx, pod, metav1.GetOptions{})
			if err == nil && found.DeletionTimestamp == nil {
				_, err = c.exec(c.ctx, pod, "true")
				return err == nil, err
			}
			return false, err
		})
	}
	c.wantCoordinator(acting)
	c.gpk("recover").want(c.t, 0)
	c.wantCoordinator(acting)
	c.wantWhole(s)
}

// long is for tests that wait for minutes, mostly for what Kubernetes and the database have to find out by themselves.
func long(t *testing.T) {
	t.Helper()
	if os.Getenv("GPK_TEST_LONG") == "" {
		t.Skip("it takes minutes: GPK_TEST_LONG=1 has it run")
	}
}
