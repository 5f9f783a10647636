//go:build e2e

package e2e

import (
	"strings"
	"syscall"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// small is the smallest cluster there is.
func small() shape { return shape{primaries: 1} }

const coordinator = "demo-coordinator-0"

// TestKilled kills gpk while gpinitsystem runs. The next gpk takes the lock over, waits for that same gpinitsystem, and
// finishes what is left.
func TestKilled(t *testing.T) {
	t.Parallel()
	c := newCluster(t, small())
	first := c.start("create", "-f", c.file)
	c.freeze()
	holder := c.holder()
	first.signal(syscall.SIGKILL)
	first.wait().want(t, -1)

	second := c.start("create", "-f", c.file)
	c.eventually("the lock taken over", func() (bool, error) {
		now := c.holder()
		return now != "" && now != holder, nil
	})
	c.thaw()
	second.wait().want(t, 0).says(t, holder)
	c.wantWhole(small())
	c.wantInitialisedOnce()
	if holder := c.holder(); holder != "" {
		t.Errorf("the lock is still held by %s", holder)
	}
}

// TestUtilityKilled kills gpinitsystem and its wrapper half-way. What it leaves behind makes Greenplum's own rerun refuse;
// gpk's rerun clears it away.
func TestUtilityKilled(t *testing.T) {
	t.Parallel()
	c := newCluster(t, small())
	first := c.start("create", "-f", c.file)
	c.await("demo-primary-0", "[ -f /greenplum/primary/gpseg0/PG_VERSION ]", "true")
	c.in(coordinator, running("gpinitsystem")+` | awk '{print $1}' | xargs kill -9`)
	r := first.wait().want(t, 1)
	r.says(t, "gpinitsystem", coordinator, "next:")
	c.in("demo-primary-0", "test -d /greenplum/primary/gpseg0")

	c.gpk("create", "-f", c.file).want(t, 0)
	c.wantWhole(small())
}

// TestPodDeleted deletes the coordinator's pod, as a lost node would, while gpinitsystem runs in it.
func TestPodDeleted(t *testing.T) {
	t.Parallel()
	c := newCluster(t, small())
	first := c.start("create", "-f", c.file)
	c.await("demo-primary-0", "[ -f /greenplum/primary/gpseg0/PG_VERSION ]", "true")
	c.must(nil, shared.Client.CoreV1().Pods(c.namespace).Delete(c.ctx, coordinator, metav1.DeleteOptions{GracePeriodSeconds: new(int64(1))}))
	// It may find its way by itself. What it may not do is wait for ever, or leave what a rerun cannot finish.
	if r := first.wait(); r.status != 0 {
		r.want(t, 1).says(t, coordinator, "next:")
	}
	c.gpk("create", "-f", c.file).want(t, 0)
	c.wantWhole(small())
}

// TestTwoAtOnce has everything happen while gpinitsystem stands still: a second gpk, an interrupt, and a time-out.
func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	c := newCluster(t, small())
	first := c.start("create", "-f", c.file)
	c.freeze()
	holder := c.holder()
	c.gpk("create", "-f", c.file).want(t, 5).says(t, holder, "wait until it ends")
	c.gpk("delete", "--cluster", name).want(t, 5).says(t, holder, "wait until it ends")

	first.signal(syscall.SIGINT)
	first.wait().want(t, 130).says(t, "next:")
	if holder := c.holder(); holder != "" {
		t.Errorf("the interrupted gpk has not given the lock back: %s", holder)
	}
	timedOut := c.gpk("create", "-f", c.file, "--timeout", "2s").want(t, 4).says(t, "next:")
	if timedOut.took.Seconds() > 20 {
		t.Errorf("--timeout 2s took %s", timedOut.took)
	}
	c.thaw()
	c.gpk("create", "-f", c.file).want(t, 0)
	c.wantWhole(small())
	c.wantInitialisedOnce()
}

// utilityOnly is the process of gpinitsystem itself, without gpk's wrapper.
var utilityOnly = running("gpinitsystem") + ` | grep -v job.sh | head -n 1 | awk '{print $1}'`

// freeze stops gpinitsystem as soon as it runs, so that what follows happens during it, however fast it is.
func (c *cluster) freeze() {
	c.t.Helper()
	pid := c.await(coordinator, `pid=$(`+utilityOnly+`); [ -n "$pid" ]`, `kill -STOP "$pid"; echo "$pid"`)
	c.t.Logf("gpinitsystem (pid %s) stands still", pid)
}

// thaw lets gpinitsystem go on.
func (c *cluster) thaw() {
	c.t.Helper()
	c.in(coordinator, `kill -CONT $(`+utilityOnly+`)`)
}

// holder is who holds the lock, "" for nobody.
func (c *cluster) holder() string {
	c.t.Helper()
	lease, err := shared.Client.CoordinationV1().Leases(c.namespace).Get(c.ctx, "demo-gpk", metav1.GetOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	if lease.Spec.HolderIdentity == nil {
		return ""
	}
	return *lease.Spec.HolderIdentity
}

// wantInitialisedOnce fails the test unless gpinitsystem has begun once, by its own log and by the folders of gpk's jobs.
func (c *cluster) wantInitialisedOnce() {
	c.t.Helper()
	if begun := c.in(coordinator, `cat ~/gpAdminLogs/gpinitsystem_*.log | grep -c 'Checking configuration parameters, please wait' || true`); begun != "1" {
		c.t.Errorf("by its own log, gpinitsystem has begun %s times", begun)
	}
	if jobs := c.in(coordinator, `ls -d /greenplum/.gpk/jobs/gpinitsystem*`); len(strings.Fields(jobs)) != 1 {
		c.t.Errorf("gpk has started gpinitsystem more than once: %s", jobs)
	}
}
