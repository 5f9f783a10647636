package it

import (
	"fmt"
	"strings"
	"time"
)

// kill ends an instance's processes at once.
func (c *cluster) kill(host string) {
	c.Helper()
	c.run(host, "pkill -9 -x postgres", 0)
}

func killedMirror(c *cluster) {
	c.kill("demo-mirror-1")
	c.sql("postgres", "select gp_request_fts_probe_scan()")
	if got := c.sql("postgres", rows); got != healthy {
		c.Fatalf("catalogue after a probe at once: %s", got)
	}
	time.Sleep(9 * time.Second)
	if got := c.sql("postgres", rows); got != healthy {
		c.Fatalf("catalogue before another probe: %s", got)
	}
	c.sql("postgres", "select gp_request_fts_probe_scan()")
	if got, want := c.sql("postgres", rows), strings.NewReplacer("3 1 p p s u", "3 1 p p n u", "5 1 m m s u", "5 1 m m n d").Replace(healthy); got != want {
		c.Fatalf("catalogue after a probe: %s, not %s", got, want)
	}
	c.sql("app", "insert into t select generate_series(10001, 10100)")
	c.count(10100)
	c.contains(c.run(coordinator, "gpstate -e", 1), "Unsynchronized Segment Pairs")
	c.run("demo-mirror-1", "pg_ctl -w -D /greenplum/mirror/gpseg1 -l /tmp/log -o '-p 50001 -c gp_role=execute' start", 0)
	c.eventually(rows, healthy, 20*time.Second)
	c.run(coordinator, "gpstate -e", 0)
}

func killedPrimary(c *cluster) {
	start := time.Now()
	c.kill("demo-primary-0")
	switched := strings.NewReplacer("2 0 p p s u", "2 0 m p n d", "4 0 m m s u", "4 0 p m n u").Replace(healthy)
	c.eventually(rows, switched, 20*time.Second)
	c.Logf("catalogue flipped %.1f s after the kill", time.Since(start).Seconds())
	c.count(10100)
	c.sql("app", "insert into t select generate_series(10101, 10200)")
	c.count(10200)
	c.contains(c.run(coordinator, "gpstate -e", 1), "Segments with Primary and Mirror Roles Switched")
}

// restarted stops and starts a healthy cluster.
func restarted(c *cluster) {
	c.run(coordinator, "gpstop -a -M fast", 0)
	c.run(coordinator, "gpstart -a", 0)
	c.eventually(rows, healthy, 20*time.Second)
	c.count(10000)
}

// doubleFault takes the other copy of content 0 away too. What runs again after
// a restart is what ran last.
func doubleFault(c *cluster) {
	c.kill("demo-mirror-0")
	time.Sleep(3 * time.Second)
	c.contains(c.run(coordinator, "psql -X -d app -c \"select count(*) from gp_dist_random('gp_id')\"", 1),
		"failed to acquire resources on one or more segments")
	c.contains(c.run(coordinator, "gpstate -e", 1), "could not query segment 4")
	c.run(coordinator, "gpstop -a -M immediate; gpstart -a", 0)
	c.count(10200)
}

func stopStart(c *cluster) {
	c.contains(c.run(coordinator, "gpstop -a -M fast", 0), "Segments that are currently marked down in configuration   = 1   <<<<<<<<")
	c.run(coordinator, "gpstop -a -M fast", 2)
	c.run(coordinator, "gpstate -e", 2)
	for _, name := range names {
		if r, _ := c.bed.Host(name).Run(c.ctx, "pgrep -x postgres"); r.Status == 0 {
			c.Fatalf("after gpstop %s has %s", name, r.Output)
		}
	}
	c.run(coordinator, "test ! -e /tmp/.s.PGSQL.5432.lock", 0)
	c.contains(c.run(coordinator, "gpstart -a", 0), "Successfully started 3 of 3 segment instances, skipped 1 other segments ")
	c.run(coordinator, "gpstart -a", 2)
	c.count(10200)
	c.run(coordinator, "gpstop -a", 0) // smart, with a prober beside the coordinator
	c.run(coordinator, "touch $COORDINATOR_DATA_DIRECTORY/gpexpand.status", 0)
	c.contains(c.run(coordinator, "gpstart -a", 2), "Found a System Expansion Setup in progress. Please run 'gpexpand --rollback'")
	c.run(coordinator, "gpstart -a -R", 0)
	c.run(coordinator, "rm $COORDINATOR_DATA_DIRECTORY/gpexpand.status", 0)
	c.count(10200)
}

// startedByHand restarts the coordinator as somebody without the utilities would.
func startedByHand(c *cluster) {
	c.run(coordinator, "pg_ctl -D $COORDINATOR_DATA_DIRECTORY -m fast -w stop", 0)
	c.until(10*time.Second, "the prober to end with its server", func() bool {
		r, _ := c.bed.Host(coordinator).Run(c.ctx, "pgrep -x standin-prober")
		return r.Status == 1
	})
	c.run(coordinator, "pg_ctl -D $COORDINATOR_DATA_DIRECTORY -l /tmp/log -w start", 0)
	if got := c.sql("postgres", "select gp_request_fts_probe_scan()"); got != "t" {
		c.Fatalf("probe said %s", got)
	}
}

func allLost(c *cluster) {
	for _, name := range names {
		c.bed.Host(name).Stop(c.ctx)
	}
	if err := c.bed.Start(c.ctx); err != nil {
		c.Fatal(err)
	}
	c.run(coordinator, "gpstart -a", 0)
	c.count(10200)
}

func anotherStandby(c *cluster) {
	c.run(coordinator, "gpinitstandby -a -r", 0)
	if got := c.sql("postgres", "select count(*) from gp_segment_configuration where content = -1"); got != "1" {
		c.Fatalf("%s coordinators after the standby was removed", got)
	}
	standby := c.bed.Host("demo-coordinator-1").FQDN()
	create := "gpinitstandby -a -s " + standby + " -P 5432 -S /greenplum/coordinator/gpseg-1 --hba-hostnames"
	c.run(coordinator, create, 0)
	c.eventually("select sync_state from pg_stat_replication", "sync", 20*time.Second)
	c.contains(c.run(coordinator, create, 2), "standby coordinator already configured")
}

// halfMoved leaves on a primary what a move of rows has prepared whose mover died: once before that was decided, once after.
func halfMoved(c *cluster) {
	for _, move := range []struct {
		name, want string
	}{{"standin_1_1", "f"}, {"standin_1_2", "t"}} {
		if move.want == "t" {
			c.sql("app", "insert into standin.moves values ('"+move.name+"')")
		}
		c.run("demo-primary-0", fmt.Sprintf(`psql -Xq -p 40000 -d app -c begin -c "create table half (a int)" -c "prepare transaction '%s'"`, move.name), 0)
		got := ""
		c.until(20*time.Second, "nothing to be prepared", func() bool {
			r, _ := c.bed.Host("demo-primary-0").Run(c.ctx,
				"psql -XqAt -p 40000 -d app -c \"select exists (select from pg_prepared_xacts), to_regclass('half') is not null\"")
			got = strings.TrimSpace(r.Output)
			return got == "f|"+move.want
		}, &got)
	}
}
