//go:build e2e

package contract

import (
	"fmt"
	"strings"
	"testing"

	"gpk/test/byhand"
)

// TestExpand takes a cluster from two segments to three.
func TestExpand(t *testing.T) {
	newCluster(t, pods(segments+1)).live([]step{
		{"gpinitsystem", furnish},
		{"no expansion has begun", noExpansion},
		{"input that is no good", badInput},
		{"segments that are not as preferred", unbalanced},
		{"a setup that fails is rolled back", rolledBack},
		{"new segments", newSegments},
		{"an expansion that has begun is not begun again", begunAlready},
		{"tables are redistributed", redistribute},
		{"the schema is removed", cleanUp},
		{"stop and start of what was expanded", restartExpanded},
	})
}

func noExpansion(c *cluster) {
	for _, option := range []string{"-c", "-d 01:00:00", "-n 2"} {
		c.says("gpexpand"+option[:2]+".no-schema", coordinator, "cd /tmp && gpexpand "+option+" </dev/null")
	}
	c.says("gpexpand-r.nothing", coordinator, "cd /tmp && gpexpand -r")
	c.refuses(coordinator, "gpexpand -r -c", 1, "[ERROR]:--r and -c options cannot be specified together.")
	c.refuses(coordinator, "gpexpand now", 1, "[ERROR]:-Unknown argument now")
	c.refuses(coordinator, "gpexpand -e '2001-01-01 00:00:00'", 1, "[ERROR]:-End time occurs in the past")
	c.refuses(coordinator, "gpexpand --no-such-flag", 2, "gpexpand: error: no such option: --no-such-flag")
	c.refuses(coordinator, "gpexpand -d soon", 2, "gpexpand: error: \"-d soon\" ... Specify duration as ")
}

// newPair is a line of input for the new primary, and one for its mirror.
func (c *cluster) newPair(dbid, content int) string {
	var lines []string
	for i, role := range []string{"primary", "mirror"} {
		host := byhand.Host(c.Name, fmt.Sprintf("%s-%d", role, content))
		lines = append(lines, fmt.Sprintf("%s|%s|%d|/greenplum/%s/gpseg%d|%d|%d|%s", host, host, 40000+10000*i, role, content, dbid+i, content, role[:1]))
	}
	return strings.Join(lines, "\n") + "\n"
}

func (c *cluster) expandInput(text string) {
	c.Helper()
	c.succeed(coordinator, "cat >/tmp/new <<'END'\n"+text+"END")
}

func badInput(c *cluster) {
	c.says("gpexpand-i.no-file", coordinator, "cd /tmp && gpexpand -i /tmp/no-such-file --hba-hostnames")
	c.expandInput("one|two\n")
	c.says("gpexpand-i.no-line", coordinator, "cd /tmp && gpexpand -i /tmp/new --hba-hostnames")
	c.expandInput(strings.SplitAfter(c.newPair(7, 2), "\n")[0])
	c.says("gpexpand-i.no-mirror", coordinator, "cd /tmp && gpexpand -i /tmp/new --hba-hostnames")
	c.succeed(coordinator, "test ! -e "+directory+"/gpexpand.status")
	c.wantRows(healthy)
}

// unbalanced lets content 0 be served by its mirror: nobody is kept from expanding then.
func unbalanced(c *cluster) {
	c.kill("primary-0")
	c.wantRows(switched())
	c.says("gpexpand-i.segment-down", coordinator, "cd /tmp && gpexpand -i /tmp/no-such-file --hba-hostnames")
	c.succeed(coordinator, "gprecoverseg -a --hba-hostnames")
	c.wantRows(strings.NewReplacer("2 0 p p s u", "2 0 m p s u", "4 0 m m s u", "4 0 p m s u").Replace(healthy))
	c.says("gpexpand-i.roles-switched", coordinator, "cd /tmp && gpexpand -i /tmp/no-such-file --hba-hostnames")
	c.succeed(coordinator, "gprecoverseg -a -r")
	c.wantRows(healthy)
}

// rolledBack lets the setup fail where the new primary's directory has to be made.
func rolledBack(c *cluster) {
	c.expandInput(c.newPair(7, 2))
	c.succeed("primary-2", "rmdir /greenplum/primary && touch /greenplum/primary")
	c.refuses(coordinator, "cd /tmp && gpexpand -i /tmp/new --hba-hostnames", 3, "[INFO]:-Configuring new segments (primary)",
		"[ERROR]:-gpexpand failed: ", "[ERROR]:-Please run 'gpexpand -r' to rollback to the original state.")
	c.succeed("primary-2", "rm /greenplum/primary && mkdir /greenplum/primary")
	c.says("gpexpand-i.after-failed", coordinator, "cd /tmp && gpexpand -i /tmp/new --hba-hostnames")
	c.says("gpexpand-d.after-failed", coordinator, "cd /tmp && gpexpand -d 01:00:00")
	c.says("gpexpand-r", coordinator, "cd /tmp && gpexpand -r")
	c.says("gpexpand-r.nothing", coordinator, "cd /tmp && gpexpand -r")
	c.wantRows(healthy)
}

// expanded is the catalogue with three contents.
const expanded = healthy + ", 7 2 p p s u, 8 2 m m s u"

const status = "select string_agg(status, ', ' order by updated) from gpexpand.status"

func newSegments(c *cluster) {
	c.sql("create database app")
	c.sqlIn("app", "create table o (id int primary key, b text)")
	c.sqlIn("app", "insert into o select generate_series(1, 500)")
	c.succeed(coordinator, "rm -rf /tmp/here && mkdir /tmp/here")
	c.says("gpexpand-i", coordinator, "cd /tmp/here && gpexpand -i /tmp/new --hba-hostnames")
	c.wantRows(expanded)
	c.wantRowsOfTable(1000)
	if got := c.sql(status); got != "SETUP, SETUP DONE" {
		c.Errorf("status is %s", got)
	}
	if got := c.details(); got != "app public.o NOT STARTED, postgres public.t NOT STARTED" {
		c.Errorf("tables to redistribute: %s", got)
	}
	c.sql("insert into t select generate_series(1001, 1100)")
	if count := c.rowsOf("primary-2", "t"); count != "0" {
		c.Errorf("%s rows on the new segment before the redistribution", count)
	}
	// A table that is made now is on all segments.
	c.sql("create table late (a int)")
	c.sql("insert into late select generate_series(1, 300)")
	if count := c.rowsOf("primary-2", "late"); count == "0" {
		c.Error("no rows of a new table on the new segment")
	}
	columns := c.sql("select string_agg(table_name || '.' || column_name || ' ' || data_type, ', ' order by table_name, ordinal_position) " +
		"from information_schema.columns where table_schema = 'gpexpand'")
	want := "expansion_progress.name text, expansion_progress.value text, status.status text, status.updated timestamp without time zone, " +
		"status_detail.table_oid oid, status_detail.dbname text, status_detail.fq_name text, status_detail.root_partition_oid oid, " +
		"status_detail.rank integer, status_detail.external_writable boolean, status_detail.status text, " +
		"status_detail.expansion_started timestamp without time zone, status_detail.expansion_finished timestamp without time zone, " +
		"status_detail.source_bytes numeric"
	if c.series == "6" {
		want += ", status_detail.rel_storage text"
	}
	if columns != want {
		c.Errorf("the schema's columns are %s", columns)
	}
	if got := c.sql("select string_agg(name, ', ' order by name) from gpexpand.expansion_progress where name is not null and value is not null"); got != "Bytes Left, Tables Left" {
		c.Errorf("progress tells %s", got)
	}
}

// details are the tables of the expansion.
const details = "select string_agg(concat_ws(' ', dbname, fq_name, status), ', ' order by dbname, fq_name) from gpexpand.status_detail"

func (c *cluster) details() string {
	c.Helper()
	return c.sql(details)
}

// sqlIn asks the coordinator one thing in a database.
func (c *cluster) sqlIn(database, statement string) string {
	c.Helper()
	return c.succeed(c.acting, fmt.Sprintf("psql -XqAt -v ON_ERROR_STOP=1 -d %s -c %q", database, statement))
}

// waiting is what holds of a row of pg_stat_activity whose session waits for a lock.
func (c *cluster) waiting() string {
	if c.series == "6" {
		return "waiting"
	}
	return "wait_event_type = 'Lock'"
}

func begunAlready(c *cluster) {
	c.says("gpexpand-r.after-commit", coordinator, "cd /tmp && gpexpand -r")
	// One table cannot be locked, and so is on its way when gpexpand is killed, and left when the time is over.
	c.succeed(coordinator, `printf '%s;\n' begin 'lock table t in access share mode' 'select pg_sleep(600)' >/tmp/locking
		nohup psql -Xd postgres -f /tmp/locking >/tmp/locking.log 2>&1 </dev/null &
		until grep -q LOCK /tmp/locking.log; do sleep 0.1; done
		cd /tmp; nohup gpexpand -n 2 >/tmp/killed.log 2>&1 </dev/null &`)
	c.eventually("", details, "app public.o COMPLETED, postgres public.t IN PROGRESS")
	c.succeed(coordinator, "kill -9 $(cat "+directory+"/gpexpand.pid)")
	c.sql("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and " + c.waiting())
	c.says("gpexpand-d.over", coordinator, "cd /tmp && gpexpand -d 00:00:03 -n 2")
	c.sql("select pg_terminate_backend(pid) from pg_stat_activity where query like 'select pg_sleep(600)%'")
	if got := c.sql(status); got != "SETUP, SETUP DONE, EXPANSION STARTED, EXPANSION STARTED, EXPANSION STOPPED" {
		c.Errorf("status is %s", got)
	}
	if got := c.details(); got != "app public.o COMPLETED, postgres public.t NOT STARTED" {
		c.Errorf("tables when the time was over: %s", got)
	}
	c.wantRowsOfTable(1100)
}

// redistribute uses the trap: asked for new segments again, gpexpand moves rows.
func redistribute(c *cluster) {
	writing := c.write("t", 1101)
	c.says("gpexpand-i.already-in-progress", coordinator, "cd /tmp && gpexpand -i /tmp/new --hba-hostnames")
	written := writing()
	if got := c.details(); got != "app public.o COMPLETED, postgres public.t COMPLETED" {
		c.Errorf("tables after the redistribution: %s", got)
	}
	c.wantRowsOfTable(1100 + written)
	sum := 0
	for content := range segments + 1 {
		var here int
		if _, err := fmt.Sscan(c.rowsOf(fmt.Sprintf("primary-%d", content), "t"), &here); err != nil || here < 200 {
			c.Errorf("content %d has %d of %d rows", content, here, 1100+written)
		}
		sum += here
	}
	if sum != 1100+written {
		c.Errorf("%d rows on all segments instead of %d", sum, 1100+written)
	}
	if got := c.sqlIn("app", "select count(*), sum(id) from o"); got != "500|125250" {
		c.Errorf("the other table has %s", got)
	}
	c.says("gpexpand-d.already-done", coordinator, "cd /tmp && gpexpand -d 01:00:00")
	if got := c.sql("select string_agg(name, ', ' order by name) from gpexpand.expansion_progress where name is not null and value is not null"); !strings.HasPrefix(got, "Bytes Done, Estimated Expansion Rate") {
		c.Errorf("progress tells %s", got)
	}
}

// write inserts numbers one by one until the function it gives is called, which tells how many were acknowledged.
func (c *cluster) write(table string, first int) func() int {
	c.Helper()
	c.succeed(coordinator, fmt.Sprintf(`rm -f /tmp/stop /tmp/written; nohup bash -c '
		i=%d; while [ ! -e /tmp/stop ]; do
			psql -XqAt -d postgres -c "insert into %s values ($i)" && echo $i >>/tmp/written; i=$((i + 1))
		done; touch /tmp/stopped' >/tmp/writing.log 2>&1 </dev/null & rm -f /tmp/stopped`, first, table))
	return func() int {
		c.Helper()
		var count int
		if _, err := fmt.Sscan(c.succeed(coordinator, "touch /tmp/stop; until [ -e /tmp/stopped ]; do sleep 0.1; done; wc -l </tmp/written"), &count); err != nil {
			c.Error(err)
		}
		if count == 0 {
			c.Error("nothing was written")
		}
		return count
	}
}

func cleanUp(c *cluster) {
	c.says("gpexpand-c", coordinator, "cd /tmp && echo n | gpexpand -c")
	if got := c.sql("select count(*) from pg_namespace where nspname = 'gpexpand'"); got != "0" {
		c.Error("the schema is still there")
	}
	c.wantRows(expanded)
	c.says("gpstate-b.expanded", coordinator, "gpstate -b")
}

func restartExpanded(c *cluster) {
	c.says("gpexpand-d.no-schema", coordinator, "cd /tmp && gpexpand -d 01:00:00 </dev/null")
	c.sql("create table after (a int)")
	c.sql("insert into after select generate_series(1, 300)")
	if count := c.rowsOf("primary-2", "after"); count == "0" {
		c.Error("no rows of a new table on the third segment")
	}
	c.says("gpstop.expanded", coordinator, "gpstop -a -M fast")
	c.says("gpstart.expanded", coordinator, "gpstart -a")
	c.wantRows(expanded)
	if got := c.sql("select count(*) from after"); got != "300" {
		c.Errorf("%s rows of 300", got)
	}
}
