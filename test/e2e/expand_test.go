//go:build e2e

package e2e

import (
	"fmt"
	"maps"
	"strings"
	"syscall"
	"testing"
)

// setup is true in the coordinator's pod from when gpexpand has begun to when the catalogue has the new segments.
const setup = "grep -qs BUILD_SEGMENTS_STARTED " + coordinatorDir + "/gpexpand.status"

// gpexpandAt prints the process ids of gpexpand and its wrapper.
const gpexpandAt = `ps -eo pid=,args= | awk '/gpexpand-setup|gpexpand[ ]-i/ && !/awk/ {print $1}'`

// TestExpand makes two segments four and five, before a failover and after one, while a client writes: refused with a mirror just killed,
// gpk killed on its way, the rows moved in two parts. Its pods run as a user whom the image does not have.
func TestExpand(t *testing.T) {
	t.Parallel()
	s := shape{primaries: 2, mirrors: true, standby: true, image: shared.otherUser, user: "uid: 1234"}
	c := newCluster(t, s)
	c.gpk("create", "-f", c.file).want(t, 0)
	c.sql("analytics", "create table sales (id int, what text); insert into sales select i, 'sale '||i from generate_series(1, 3000) i")
	c.sql("analytics", "create table other (id int); insert into other select generate_series(1, 500)")
	w := c.writes()
	c.gpk("expand", "--segments", "1").want(t, 2).says(t, "Greenplum removes none")
	if r := c.gpk("expand", "--segments", "2").want(t, 0); !strings.Contains(r.stdout, "nothing to do") {
		t.Errorf("the same number: %s", r.stdout)
	}

	before := c.claims()
	c.in("demo-mirror-1", killInstance, "/greenplum/mirror/gpseg1")
	c.gpk("expand", "--segments", "4").want(t, 1).says(t, "is down", "nothing was changed", "gpk recover")
	if after := c.claims(); !maps.Equal(after, before) {
		t.Errorf("claims %v, before %v", after, before)
	}
	c.gpk("recover").want(t, 0)

	c.gpk("expand", "--segments", "4", "--dry-run").want(t, 3)
	if after := c.claims(); !maps.Equal(after, before) {
		t.Errorf("the preview made claims: %v, before %v", after, before)
	}
	first := c.start("expand", "--segments", "4")
	c.await(coordinator, setup, "true")
	first.signal(syscall.SIGKILL)
	first.wait().want(t, -1)
	c.gpk("expand", "--segments", "5").want(t, 1).says(t, "is being expanded to 4 segments")
	c.gpk("config", "set", "statement_timeout=0").want(t, 1).says(t, "gpk expand --resume")
	c.gpk("start").want(t, 0)
	c.gpk("expand", "--segments", "4", "--no-redistribute").want(t, 0).says(t)
	s.primaries = 4
	c.wantWhole(s)
	c.gpk("expand", "--segments", "5").want(t, 1).says(t, "an earlier expansion is unfinished", "gpk expand --resume")
	c.gpk("expand", "--resume", "--analyze").want(t, 0)
	c.wantOnAll("sales", 3000, c.wantWhole(s))

	c.gpk("failover", "--force").want(t, 0)
	c.wantCoordinator("demo-coordinator-1")
	c.gpk("expand", "--segments", "5", "--parallel", "2").want(t, 0)
	s.primaries = 5
	primaries := c.wantWhole(s)
	c.wantOnAll("sales", 3000, primaries)
	c.wantOnAll("other", 500, primaries)
	if r := c.gpk("expand", "--resume").want(t, 0); !strings.Contains(r.stdout, "nothing to do") {
		t.Errorf("resumed once more: %s", r.stdout)
	}
	w.wantAll()
	c.gpk("delete", "--cluster", name, "--delete-data", "--yes").want(t, 0)
}

// TestExpandTakenBack kills gpexpand itself before it has changed the catalogue, first with gpk watching and then without, and
// then expands into a pod that is there and into a new one.
func TestExpandTakenBack(t *testing.T) {
	long(t)
	t.Parallel()
	s := shape{primaries: 1, perPod: 2}
	c := newCluster(t, s)
	c.gpk("create", "-f", c.file).want(t, 0)
	c.sql("analytics", "create table sales (id int); insert into sales select generate_series(1, 1000)")
	claims := c.claims()
	asBefore := func(when string) {
		t.Helper()
		c.wantWhole(s)
		if now := c.claims(); !maps.Equal(now, claims) {
			t.Errorf("%s: claims %v, before %v", when, now, claims)
		}
		c.in("demo-primary-0", "[ ! -e /greenplum/primary/gpseg1 ] && [ ! -e /greenplum/.gpk/expanding ]")
		c.in(coordinator, "[ ! -e "+coordinatorDir+"/gpexpand.status ]")
	}

	first := c.start("expand", "--segments", "3")
	c.await(coordinator, setup, "kill -9 $("+gpexpandAt+")")
	first.wait().want(t, 1).says(t, "the expansion has been undone")
	asBefore("with gpk watching")

	second := c.start("expand", "--segments", "3")
	c.await(coordinator, setup, "true")
	second.signal(syscall.SIGKILL)
	second.wait().want(t, -1)
	c.in(coordinator, "kill -9 $("+gpexpandAt+") || true")
	if strings.TrimSpace(c.in(coordinator, "tail -n 1 "+coordinatorDir+"/gpexpand.status 2>/dev/null | cut -d : -f 1")) == "BUILD_SEGMENTS_STARTED" {
		c.gpk("expand", "--rollback").want(t, 0)
		asBefore("by hand")
	}

	c.gpk("expand", "--segments", "3").want(t, 0)
	s.primaries = 3
	c.wantOnAll("sales", 1000, c.wantWhole(s))
}

// wantOnAll wants a table's rows to be there, and some of them on each segment.
func (c *cluster) wantOnAll(table string, rows int, primaries []instance) {
	c.t.Helper()
	c.wantRowsOnAll(table, primaries)
	if have := c.sql("analytics", "select count(*) from "+table); have != fmt.Sprint(rows) {
		c.t.Errorf("%s has %s rows, want %d", table, have, rows)
	}
}

// wantRowsOnAll wants some rows of a table on every primary.
func (c *cluster) wantRowsOnAll(table string, primaries []instance) {
	c.t.Helper()
	for _, primary := range primaries {
		if own := c.utility(primary, "analytics", "select count(*) from "+table); own == "0" {
			c.t.Errorf("content %d has no rows of %s", primary.Content, table)
		}
	}
}
