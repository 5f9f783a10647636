package it

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

const coordinator = "demo-coordinator-0"

// healthy is the catalogue of the whole shape.
const healthy = "1 -1 p p n u, 2 0 p p s u, 3 1 p p s u, 4 0 m m s u, 5 1 m m s u, 6 -1 m m s u"

// TestCluster takes one cluster through its life. The steps build on each other.
func TestCluster(t *testing.T) {
	c := newCluster(t, names...)
	for _, s := range []struct {
		name string
		step func(*cluster)
	}{
		{"killed gpinitsystem leaves directories and the rerun refuses", killedInit},
		{"gpinitsystem", initialised},
		{"gpinitsystem on a cluster refuses", refusesAgain},
		{"rows live on the segments", distributed},
		{"a move of rows that died half-way", halfMoved},
		{"a crash of one session is no failover", crashedSession},
		{"settings changed in the files", configured},
		{"stop and start when healthy", restarted},
		{"settings that run", reconfigured},
		{"a killed mirror is down at the next probe", killedMirror},
		{"a killed primary's mirror takes over", killedPrimary},
		{"both copies of a content lost", doubleFault},
		{"stop and start", stopStart},
		{"a coordinator started by pg_ctl has a prober", startedByHand},
		{"all hosts lost at once", allLost},
		{"another standby", anotherStandby},
	} {
		if !t.Run(s.name, func(t *testing.T) {
			inner := *c
			inner.T = t
			s.step(&inner)
		}) {
			return
		}
	}
}

func killedInit(c *cluster) {
	c.writeInput()
	cmd := c.bed.Host(coordinator).Command(c.ctx, "exec "+initialise(c))
	if err := cmd.Start(); err != nil {
		c.Fatal(err)
	}
	c.until(5*time.Minute, "a primary's directory", func() bool {
		r, _ := c.bed.Host("demo-primary-1").Run(c.ctx, "test -d /greenplum/primary/gpseg1")
		return r.Status == 0
	})
	c.run(coordinator, "pkill -9 -x gpinitsystem", 0)
	_ = cmd.Wait()
	for _, name := range names { // what it had started elsewhere goes on without it
		c.until(time.Minute, "no initdb on "+name, func() bool {
			r, _ := c.bed.Host(name).Run(c.ctx, "pgrep -f '[i]nitdb|[s]shd: gpadmin@'")
			return r.Status != 0
		})
	}
	// Its coordinator is in admin mode, which only utility connections get into.
	c.run(coordinator, "psql -d postgres -c 'select * from gp_segment_configuration'", 2)
	c.run(coordinator, "psql -h localhost -d postgres -c 'select * from gp_segment_configuration'", 2)
	c.run(coordinator, "PGOPTIONS='-c gp_role=utility' psql -d postgres -c 'select * from gp_segment_configuration'", 0)
	out := c.run(coordinator, initialise(c), 1)
	c.contains(out, "[FATAL]:-Coordinator host data directory /greenplum/coordinator/gpseg-1 already exists Script Exiting!")
	for _, name := range names {
		c.run(name, `for f in /greenplum/*/gpseg*/postmaster.pid; do [ -f $f ] && pg_ctl -D ${f%/*} -m immediate stop; done; rm -rf /greenplum/*/* ~/gpAdminLogs; true`, 0)
	}
}

func initialised(c *cluster) {
	c.writeInput()
	c.run(coordinator, initialise(c), 0)
	if got := c.sql("postgres", rows); got != healthy {
		c.Fatalf("catalogue after gpinitsystem: %s, not %s", got, healthy)
	}
	if got := c.sql("template1", rows); got != healthy {
		c.Fatalf("catalogue from template1: %s, not %s", got, healthy)
	}
	for _, report := range []string{"b", "e", "f", "m", "s"} {
		c.run(coordinator, "gpstate -"+report, 0)
	}
	if got := c.sql("template1", "select count(*) from gp_dist_random('gp_id')"); got != "2" {
		c.Fatalf("%s primaries answer", got)
	}
	if got := c.sql("postgres", "select gp_request_fts_probe_scan()"); got != "t" {
		c.Fatalf("probe said %s", got)
	}
	if got := c.sql("postgres", "select count(*) from gp_stat_replication where sync_state = 'sync'"); got != "3" {
		c.Fatalf("%s replicas in sync, not 3", got)
	}
	c.contains(c.run("demo-mirror-0", "pg_isready -p 50000", 64), "mirror ready")
	c.run("demo-primary-0", "pg_isready -p 40000", 0)
	c.run("demo-primary-0", "pg_isready -q -p 50000", 2)
	c.contains(c.run("demo-mirror-0", "psql -p 50000 -d postgres -c 'select 1'", 2), "not accepting connections")
	c.contains(c.run("demo-coordinator-1", "gpinitstandby -a -s "+c.bed.Host(coordinator).FQDN()+" -P 5432 -S /y", 2), "Failed to retrieve configuration information from the coordinator.")
	c.contains(c.run(coordinator, "gpinitstandby -a -s no-such-host -P 5432 -S /y", 2), "Unable to ping new standby host no-such-host")
}

func refusesAgain(c *cluster) {
	c.contains(c.run(coordinator, initialise(c), 1), "already exists Script Exiting!")
}

func distributed(c *cluster) {
	c.sql("postgres", "create database app template template0 encoding 'UTF8'")
	c.sql("app", "create table t (a int, b text default 'x')")
	c.sql("app", "insert into t select generate_series(1, 10000)")
	c.sql("app", "create table copied as select * from t where a <= 100")
	if got := c.sql("app", "select count(*) from copied"); got != "100" {
		c.Fatalf("%s rows copied", got)
	}
	c.sql("app", "drop table copied")
	sum := 0
	for content := range 2 {
		host := fmt.Sprintf("demo-primary-%d", content)
		here := strings.TrimSpace(c.run(coordinator, fmt.Sprintf("PGOPTIONS='-c gp_role=utility' psql -XAt -h %s -p %d -d app -c 'select count(*) from t'",
			c.bed.Host(host).FQDN(), 40000+content), 0))
		told := c.sql("app", fmt.Sprintf("select row_count from standin.rows_per_segment('t') where content = %d", content))
		if here != told {
			c.Fatalf("content %d has %s rows by itself and %s by the coordinator", content, here, told)
		}
		n, err := strconv.Atoi(here)
		if err != nil || n < 4000 {
			c.Fatalf("content %d has %s of 10000 rows", content, here)
		}
		sum += n
	}
	if sum != 10000 {
		c.Fatalf("%d rows on all segments", sum)
	}
}

func crashedSession(c *cluster) {
	c.run("demo-primary-0", "kill -9 $(pgrep -f 'postgres: [c]heckpointer')", 0)
	time.Sleep(2 * time.Second)
	c.eventually(rows, healthy, 20*time.Second)
	c.count(10000)
}

func (c *cluster) count(want int) {
	c.Helper()
	c.eventuallyIn("app", "select count(*) from t", strconv.Itoa(want), 20*time.Second)
}
