//go:build e2e

package e2e

import (
	"strings"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// killInstance kills the server of a data directory for good: without a pid file its pod takes it for one that was told to stop.
const killInstance = `pid=$(head -n 1 "$1/postmaster.pid") && rm "$1/postmaster.pid" && kill -9 "$pid"`

// crashInstance kills it as a lack of memory does.
const crashInstance = `kill -9 "$(head -n 1 "$1/postmaster.pid")"`

const coordinatorDir = "/greenplum/coordinator/gpseg-1"

// TestFailover has the coordinator die, its pod alive, and switches back and forth, while a client writes.
func TestFailover(t *testing.T) {
	t.Parallel()
	s := shape{primaries: 1, mirrors: true, standby: true}
	c := newCluster(t, s)
	c.gpk("create", "-f", c.file).want(t, 0)
	w := c.writes()
	c.gpk("failover").want(t, 1).says(t, "coordinator in pod demo-coordinator-0 answers", "nothing was changed", "next: `gpk failover --force")
	c.gpk("failover", "--force", "--dry-run").want(t, 3)
	c.wantCoordinator("demo-coordinator-0")

	c.in("demo-coordinator-0", killInstance, coordinatorDir)
	c.gpk("failover", "--accept-data-loss", "demo-coordinator-0").want(t, 2).says(t, "the standby that would take over is in pod demo-coordinator-1")
	c.gpk("failover").want(t, 0)
	c.wantCoordinator("demo-coordinator-1")
	c.wantWhole(s)
	if r := c.gpk("create", "-f", c.file).want(t, 0); !strings.Contains(r.stdout, "no changes") {
		t.Errorf("create after it: %s", r.stdout)
	}

	// What is stopped, and what is deleted, is found again where it was.
	c.gpk("stop").want(t, 0)
	c.gpk("create", "-f", c.file).want(t, 0)
	c.wantCoordinator("demo-coordinator-1")
	c.gpk("delete", "--cluster", name).want(t, 0)
	c.gpk("create", "-f", c.file).want(t, 0)
	c.wantCoordinator("demo-coordinator-1")
	c.wantWhole(s)

	c.gpk("failover", "--force").want(t, 0)
	c.wantCoordinator("demo-coordinator-0")
	c.wantWhole(s)

	c.gpk("failover", "--segment", "0").want(t, 0)
	c.wantActing(0, "demo-mirror-0")
	c.gpk("recover").want(t, 0)
	c.wantActing(0, "demo-primary-0")
	if r := c.gpk("recover").want(t, 0); !strings.Contains(r.stdout, "nothing to recover") {
		t.Errorf("recover again: %s", r.stdout)
	}
	w.wantAll()
	c.wantWhole(s)
}

// TestProcessDies kills the coordinator's server, the standby's, and a primary's that has no mirror. Their pods bring them back.
func TestProcessDies(t *testing.T) {
	t.Parallel()
	s := shape{primaries: 1, standby: true}
	c := newCluster(t, s)
	c.gpk("create", "-f", c.file).want(t, 0)
	w := c.writes()
	for pod, dir := range map[string]string{"demo-coordinator-0": coordinatorDir, "demo-coordinator-1": coordinatorDir, "demo-primary-0": "/greenplum/primary/gpseg0"} {
		before := c.in(pod, `head -n 1 "$1/postmaster.pid"`, dir)
		c.in(pod, crashInstance, dir)
		began := time.Now()
		c.patiently("the instance in pod "+pod+" is back", func() (bool, error) {
			after, err := c.exec(c.ctx, pod, `. /gpk/scripts/env.sh && pg_ctl status -D "$1" >/dev/null && head -n 1 "$1/postmaster.pid"`, dir)
			return err == nil && after != before, err
		})
		c.patiently("the cluster is whole again", func() (bool, error) { return c.gpk("status").status == 0, nil })
		t.Logf("the instance in pod %s was back within %.1fs", pod, time.Since(began).Seconds())
	}
	c.wantCoordinator("demo-coordinator-0")
	w.wantAll()
	c.wantWhole(s)
	// What was told to stop stays down.
	c.in("demo-coordinator-1", killInstance, coordinatorDir)
	c.in("demo-coordinator-1", "sleep 12")
	if r := c.gpk("status"); r.status == 0 {
		t.Errorf("a standby that was told to stop is back: %s", r.stdout)
	}
}

// TestFailoverTakenBack ends gpk when it has put the coordinator out of the way and not activated the standby.
func TestFailoverTakenBack(t *testing.T) {
	t.Parallel()
	s := shape{primaries: 1, standby: true}
	c := newCluster(t, s)
	c.gpk("create", "-f", c.file).want(t, 0)
	w := c.writes()
	first := c.start("failover", "--force")
	c.eventually("the decision that the standby is to act", func() (bool, error) {
		state, err := shared.Client.CoreV1().ConfigMaps(c.namespace).Get(c.ctx, "demo-state", metav1.GetOptions{})
		return err == nil && state.Data["coordinator"] == "demo-coordinator-1", err
	})
	first.signal(syscall.SIGKILL)
	first.wait().want(t, -1)
	c.gpk("expand", "--segments", "2").want(t, 1).says(t, "gpk failover", "gpk failover --rollback")

	c.gpk("failover", "--rollback", "--dry-run").want(t, 3)
	c.gpk("failover", "--rollback").want(t, 0)
	c.wantCoordinator("demo-coordinator-0")
	c.wantWhole(s)
	if r := c.gpk("failover", "--rollback").want(t, 0); !strings.Contains(r.stdout, "no failover of demo is unfinished") {
		t.Errorf("taken back again: %s", r.stdout)
	}

	// What its pod sees of the two decisions may be the one before.
	c.endContainer("demo-coordinator-0")
	c.patiently("the coordinator is back", func() (bool, error) {
		_, err := c.tryCatalogue()
		return err == nil, err
	})
	c.wantCoordinator("demo-coordinator-0")
	c.wantWhole(s)
	w.wantAll()
}

// TestFailoverStale has a standby that lacks transactions: it takes over only where a person accepts that by its name.
func TestFailoverStale(t *testing.T) {
	t.Parallel()
	s := shape{primaries: 1, standby: true}
	c := newCluster(t, s)
	c.gpk("create", "-f", c.file).want(t, 0)
	c.in("demo-coordinator-1", killInstance, coordinatorDir)
	// What the standby last saw is two seconds and more before what it lacks.
	c.in("demo-coordinator-1", "sleep 5")
	c.sql("analytics", "create table kept (id int)")
	c.sql("analytics", "insert into kept select generate_series(1, 300)")
	c.in("demo-coordinator-0", killInstance, coordinatorDir)
	c.gpk("failover").want(t, 1).says(t, "demo-coordinator-1", "stopped")
	c.restart("demo-coordinator-1")
	c.await("demo-coordinator-1", "pgrep -f 'startup.*[r]ecovering'", "true")
	c.gpk("failover").want(t, 1).says(t, "the standby lacks", "--accept-data-loss demo-coordinator-1")

	// The coordinator comes back instead, and nothing is lost.
	c.gpk("recover").want(t, 0)
	c.wantCoordinator("demo-coordinator-0")
	c.wantWhole(s)
	if rows := c.sql("analytics", "select count(*) from kept"); rows != "300" {
		t.Errorf("%s of 300 rows are there", rows)
	}
}

// wantCoordinator wants the coordinator to act in a pod, clients to be led there, and its other copy to take no writes.
func (c *cluster) wantCoordinator(pod string) {
	c.t.Helper()
	r := c.gpk("status", "-o", "json")
	if !strings.Contains(r.stdout, `"coordinator": "`+pod+`"`) {
		c.t.Errorf("the coordinator does not act in pod %s: %s%s", pod, r.stdout, r.stderr)
	}
	other := map[string]string{"demo-coordinator-0": "demo-coordinator-1", "demo-coordinator-1": "demo-coordinator-0"}[pod]
	out, err := c.exec(c.ctx, other, environment+"PGCONNECT_TIMEOUT=5 psql -XAtq -d postgres -c 'create table stray (id int)'")
	if err == nil {
		c.t.Errorf("pod %s takes writes beside pod %s: %s", other, pod, out)
	}
}

// wantActing wants the primary of a content to be in a pod.
func (c *cluster) wantActing(content int, pod string) {
	c.t.Helper()
	for _, row := range c.catalogue() {
		if row.Content == content && row.Role == "p" && row.Host != pod {
			c.t.Errorf("the primary of content %d is %s instead of one in pod %s", content, row.Host, pod)
		}
	}
}
