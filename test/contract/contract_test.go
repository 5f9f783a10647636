//go:build e2e

package contract

import (
	"fmt"
	"strings"
	"testing"

	"gpk/test/byhand"
)

// TestUtilities takes one cluster through its life. The steps build on each other.
func TestUtilities(t *testing.T) {
	newCluster(t, pods(segments)).live([]step{
		{"words that the utilities do not know", unknownWords},
		{"nothing there", nothingThere},
		{"gpinitsystem", initialise},
		{"gpinitsystem again", refused},
		{"gpstate", reports},
		{"rows on the segments", rowsOnSegments},
		{"gpconfig", settings},
		{"gpstop and gpstart", stopAndStart},
		{"a primary's processes are killed", killedPrimary},
		{"the other copy too", doubleFault},
		{"all pods are lost at once", allLost},
		{"a primary's pod is deleted", deletedPrimary},
	})
}

func unknownWords(c *cluster) {
	for _, utility := range []string{"gpinitstandby", "gpstart", "gpstop", "gpstate"} {
		c.refuses(coordinator, utility+" --no-such-flag", 2, "Usage: "+utility, utility+": error: no such option: --no-such-flag")
	}
	c.refuses(coordinator, "gpstop -a -M gently", 2, "gpstop: error: option -M: invalid choice: 'gently' (choose from 'fast', 'immediate', 'smart')")
	fatal := 1
	if c.series == "6" {
		fatal = 2 // 1 is for warnings
	}
	// It prints its usage and leaves as if all were well.
	c.refuses(coordinator, "gpinitsystem -a --no-such-flag=1", 0, "[ERROR]:-Unknown option --no-such-flag")
	c.refuses(coordinator, "gpinitsystem -a -Z", 0, "gpinitsystem -")
	c.refuses(coordinator, "gpinitsystem -a --locale", fatal, "[FATAL]:-Missing value for option --locale")
	c.refuses(coordinator, "gpinitsystem -a", fatal, "[FATAL]:-At least one of two options, [-c] or [-I], is required. Script Exiting!")
	c.refuses(coordinator, "gpinitsystem -a -I /tmp/no-such-file", fatal, "[FATAL]:-Problem with /tmp/no-such-file file Script Exiting!")
}

func nothingThere(c *cluster) {
	c.says("gpstart.nothing-there", coordinator, "gpstart -a")
	c.says("gpstop.nothing-there", coordinator, "gpstop -a")
	c.says("gpstate.nothing-there", coordinator, "gpstate -e")
}

func (c *cluster) initsystem() string {
	return fmt.Sprintf("gpinitsystem -a -I ~/input -s %s -P 5432 -S /greenplum/coordinator/gpseg-1", byhand.Host(c.Name, "coordinator-1"))
}

func initialise(c *cluster) {
	c.succeed(coordinator, fmt.Sprintf("cat >~/input <<'END'\n%sEND", c.input(true)))
	c.says("gpinitsystem", coordinator, c.initsystem())
	c.wantRows(healthy)
}

func refused(c *cluster) {
	c.says("gpinitsystem.again", coordinator, c.initsystem())
	c.says("gpinitstandby.again", coordinator,
		"gpinitstandby -a -s "+byhand.Host(c.Name, "coordinator-1")+" -P 5432 -S /greenplum/coordinator/gpseg-1 --hba-hostnames")
	c.refuses(coordinator, "gpinitstandby -a -s no-such-host -P 5432 -S /y", 2, "[ERROR]:-Unable to ping new standby host no-such-host")
	c.refuses(coordinator, "gpinitstandby -a", 2, "[ERROR]:-No action provided in the options.")
	c.refuses(coordinator, "gpinitstandby -a -r -s no-such-host", 2, "[ERROR]:-Options -s and -r cannot be specified together.")
	// The standby can be asked nothing.
	c.refuses("coordinator-1", "gpinitstandby -a -s "+byhand.Host(c.Name, coordinator)+" -P 5432 -S /y", 2,
		"[ERROR]:-Failed to retrieve configuration information from the coordinator.", "[ERROR]:-Failed to create standby",
		"[ERROR]:-Error initializing standby coordinator: ")
	c.wantRows(healthy)
}

func reports(c *cluster) {
	c.wantReplicas(segments + 1)
	for _, report := range []string{"b", "e", "f", "m", "s"} {
		c.says("gpstate-"+report+".healthy", coordinator, "gpstate -"+report)
	}
}

func rowsOnSegments(c *cluster) {
	c.sql("create table t (a int, b text)")
	c.sql("insert into t select generate_series(1, 1000)")
	sum := 0
	for content := range segments {
		var here int
		answer := c.rowsOf(fmt.Sprintf("primary-%d", content), "t")
		if _, err := fmt.Sscan(answer, &here); err != nil || here < 300 {
			c.Errorf("content %d has %q of 1000 rows", content, answer)
		}
		sum += here
	}
	if sum != 1000 {
		c.Errorf("%d rows on all segments", sum)
	}
	c.wantRowsOfTable(1000)
}

func (c *cluster) wantRowsOfTable(count int) {
	c.Helper()
	c.eventually("", "select count(*) from t", fmt.Sprint(count))
}

func stopAndStart(c *cluster) {
	c.says("gpstart.already-running", coordinator, "gpstart -a")
	c.says("gpstop", coordinator, "gpstop -a -M fast")
	for _, pod := range append(c.others(), coordinator) {
		if left := c.run(pod, "ps -eo comm= | grep -x postgres").Output; left != "" {
			c.Errorf("after gpstop pod %s still has\n%s", pod, left)
		}
	}
	c.says("gpstop.already-stopped", coordinator, "gpstop -a -M fast")
	c.says("gpstate-e.stopped", coordinator, "gpstate -e")
	c.says("gpstart", coordinator, "gpstart -a")
	c.wantRows(healthy)
	c.wantRowsOfTable(1000)
}

// switched is the catalogue after content 0 went over to its mirror.
func switched() string {
	return strings.NewReplacer("2 0 p p s u", "2 0 m p n d", "4 0 m m s u", "4 0 p m n u").Replace(healthy)
}

func killedPrimary(c *cluster) {
	c.wantReplicas(segments + 1)
	c.kill("primary-0")
	c.wantRows(switched())
	c.wantRowsOfTable(1000)
	c.sql("insert into t select generate_series(1001, 1100)")
	c.wantRowsOfTable(1100)
	c.says("gpstate-e.roles-switched", coordinator, "gpstate -e")
}

// doubleFault takes both copies of content 0 away. What runs again after a restart is what ran last.
func doubleFault(c *cluster) {
	c.kill("mirror-0")
	if said := c.run(coordinator, `psql -XAt -d postgres -c "select count(*) from gp_dist_random('gp_id')"`); said.Status != 1 {
		c.Errorf("without any copy of content 0, all segments are asked with exit status %d:\n%s", said.Status, said.Output)
	}
	c.says("gpstop-immediate.double-fault", coordinator, "gpstop -a -M immediate")
	c.says("gpstart.double-fault", coordinator, "gpstart -a")
	c.wantRows(switched())
	c.wantRowsOfTable(1100)
}

func allLost(c *cluster) {
	c.lose(append(c.others(), coordinator)...)
	c.says("gpstart.all-lost", coordinator, "gpstart -a")
	c.wantRows(switched())
	c.wantRowsOfTable(1100)
}

func deletedPrimary(c *cluster) {
	c.wantReplicas(segments)
	c.lose("primary-1")
	c.wantRows(strings.NewReplacer("3 1 p p s u", "3 1 m p n d", "5 1 m m s u", "5 1 p m n u").Replace(switched()))
	c.wantRowsOfTable(1100)
}
