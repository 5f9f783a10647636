//go:build e2e

package contract

import (
	"fmt"
	"strings"

	"gpk/test/byhand"
)

// found is the catalogue of content 0 and 1 in this part: the coordinator has dbid 7 and no standby.
func found(changes ...string) string {
	return strings.NewReplacer(changes...).Replace(withCoordinators("7 -1 p p s u"))
}

func nothingToRecover(c *cluster) {
	c.says("gprecoverseg.nothing", coordinator, "gprecoverseg -a --hba-hostnames")
	c.says("gprecoverseg-F.nothing", coordinator, "gprecoverseg -a -F")
	c.says("gprecoverseg-r.nothing", coordinator, "gprecoverseg -a -r")
	c.says("gprecoverseg.two-ways", coordinator, "gprecoverseg -a -r -i /tmp/x")
	c.says("gprecoverseg-i.no-file", coordinator, "gprecoverseg -a -i /tmp/no-such-file")
	c.refuses(coordinator, "gprecoverseg --no-such-flag", 2, "gprecoverseg: error: no such option: --no-such-flag")
}

// recoverMirror first falls into the trap: as long as the prober has not found the mirror down, there is nothing to recover.
func recoverMirror(c *cluster) {
	c.kill("mirror-0")
	c.says("gprecoverseg.nothing", coordinator, "gprecoverseg -a --hba-hostnames")
	c.wantRows(found("2 0 p p s u", "2 0 p p n u", "4 0 m m s u", "4 0 m m n d"))
	c.sql("insert into t select generate_series(1101, 1200)")
	for _, report := range []string{"e", "m", "s"} {
		c.says("gpstate-"+report+".mirror-down", coordinator, "gpstate -"+report)
	}
	c.says("gprecoverseg.mirror", coordinator, "gprecoverseg -a --hba-hostnames",
		"(dbid 4): skipping pg_rewind on mirror as standby.signal is present")
	c.wantRows(found())
	c.wantReplicas(segments)
	c.says("gpstate-e.recovered", coordinator, "gpstate -e")
}

func recoverPrimary(c *cluster) {
	c.kill("primary-0")
	c.wantRows(found("2 0 p p s u", "2 0 m p n d", "4 0 m m s u", "4 0 p m n u"))
	c.sql("insert into t select generate_series(1201, 1300)")
	c.says("gpstate-m.primary-down", coordinator, "gpstate -m")
	c.says("gprecoverseg-r.down", coordinator, "gprecoverseg -a -r")
	c.says("gprecoverseg.primary", coordinator, "gprecoverseg -a --hba-hostnames", "(dbid 2): pg_rewind: Done!")
	c.wantRows(found("2 0 p p s u", "2 0 m p s u", "4 0 m m s u", "4 0 p m s u"))
	c.wantReplicas(segments)
	for _, report := range []string{"e", "m"} {
		c.says("gpstate-"+report+".roles-switched-in-sync", coordinator, "gpstate -"+report)
	}
	c.says("gprecoverseg-r", coordinator, "gprecoverseg -a -r", "(dbid 4): pg_rewind: no rewind required")
	c.wantRows(found())
	c.wantReplicas(segments)
	c.wantRowsOfTable(1300)
}

// empty takes an instance's directory away, as when its volume was lost.
func (c *cluster) empty(pod, dir string) {
	c.Helper()
	c.kill(pod)
	c.succeed(pod, "rm -rf "+dir)
}

func lostVolume(c *cluster) {
	c.empty("mirror-1", "/greenplum/mirror/gpseg1")
	c.wantRows(found("3 1 p p s u", "3 1 p p n u", "5 1 m m s u", "5 1 m m n d"))
	c.says("gprecoverseg.empty", coordinator, "gprecoverseg -a --hba-hostnames", "(dbid 5): pg_rewind: error: ")
	c.wantRows(found("3 1 p p s u", "3 1 p p n u", "5 1 m m s u", "5 1 m m n d"))
	c.says("gprecoverseg-F.mirror", coordinator, "gprecoverseg -a -F --hba-hostnames", "(dbid 5): pg_basebackup: base backup completed")
	c.wantRows(found())
	c.empty("primary-1", "/greenplum/primary/gpseg1")
	switched := found("3 1 p p s u", "3 1 m p n d", "5 1 m m s u", "5 1 p m n u")
	c.wantRows(switched)
	c.sql("insert into t select generate_series(1301, 1400)")
	c.says("gprecoverseg-F.primary", coordinator, "gprecoverseg -a -F --hba-hostnames")
	c.wantRows(strings.NewReplacer("p n d", "p s u", "m n u", "m s u").Replace(switched))
	c.succeed(coordinator, "gprecoverseg -a -r")
	c.wantRows(found())
	c.wantRowsOfTable(1400)
}

// moveSegment lets the mirror of content 1 move to another directory and port of its host, and back to where it was.
func moveSegment(c *cluster) {
	host := byhand.Host(c.Name, "mirror-1")
	was, is := host+"|50000|/greenplum/mirror/gpseg1", host+"|50007|/greenplum/mirror/moved1"
	for _, move := range [][2]string{{was, is}, {is, was}} {
		c.kill("mirror-1")
		c.wantRows(found("3 1 p p s u", "3 1 p p n u", "5 1 m m s u", "5 1 m m n d"))
		c.succeed(coordinator, fmt.Sprintf("echo '%s %s' >/tmp/moves", move[0], move[1]))
		c.says("gprecoverseg-i", coordinator, "gprecoverseg -a -i /tmp/moves --hba-hostnames")
		c.wantRows(found())
		where := c.sql("select concat_ws('|', hostname, port, datadir) from gp_segment_configuration where dbid = 5")
		if where != move[1] {
			c.Errorf("the mirror is at %s instead of %s", where, move[1])
		}
		c.succeed("mirror-1", "rm -rf "+move[0][strings.LastIndex(move[0], "|")+1:])
	}
}

func bothCopiesDown(c *cluster) {
	c.wantReplicas(segments)
	c.kill("primary-0")
	c.wantRows(found("2 0 p p s u", "2 0 m p n d", "4 0 m m s u", "4 0 p m n u"))
	c.kill("mirror-0")
	c.refuses(coordinator, "gprecoverseg -a --hba-hostnames", 2,
		"[CRITICAL]:-gprecoverseg failed. (Reason='Failed to query gp_stat_replication: ")
	c.succeed(coordinator, "gpstop -a -M immediate")
	c.succeed(coordinator, "gpstart -a")
	c.succeed(coordinator, "gprecoverseg -a --hba-hostnames")
	c.wantRows(found("2 0 p p s u", "2 0 m p s u", "4 0 m m s u", "4 0 p m s u"))
	c.succeed(coordinator, "gprecoverseg -a -r")
	c.wantRows(found())
	c.wantRowsOfTable(1400)
}
