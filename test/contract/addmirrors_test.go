//go:build e2e

package contract

import (
	"fmt"
	"testing"

	"gpk/test/byhand"
)

// TestAddMirrors gives mirrors to a cluster that has none, nor a standby.
func TestAddMirrors(t *testing.T) {
	newCluster(t, pods(segments)).live([]step{
		{"gpinitsystem", withoutMirrors},
		{"nothing to recover", noMirrors},
		{"gpaddmirrors", addMirrors},
	})
}

func withoutMirrors(c *cluster) {
	c.succeed(coordinator, fmt.Sprintf("cat >~/input <<'END'\n%sEND", c.input(false)))
	c.make("gpinitsystem -a -I ~/input")
	c.wantRows("1 -1 p p n u, 2 0 p p n u, 3 1 p p n u")
	c.sql("create table t (a int, b text)")
	c.sql("insert into t select generate_series(1, 1000)")
}

func noMirrors(c *cluster) {
	c.says("gprecoverseg.no-mirrors", coordinator, "gprecoverseg -a")
	c.says("gpstate-e.no-mirrors", coordinator, "gpstate -e")
	c.says("gpstate-m.no-mirrors", coordinator, "gpstate -m")
}

func addMirrors(c *cluster) {
	lines := ""
	for content := range segments {
		lines += fmt.Sprintf("%d|%s|50000|/greenplum/mirror/gpseg%d\n", content, byhand.Host(c.Name, fmt.Sprintf("mirror-%d", content)), content)
	}
	c.succeed(coordinator, "cat >/tmp/mirrors <<'END'\n"+lines+"END")
	c.says("gpaddmirrors.no-file", coordinator, "gpaddmirrors -a -i /tmp/no-such-file")
	c.says("gpaddmirrors", coordinator, "gpaddmirrors -a -i /tmp/mirrors --hba-hostnames", "(dbid 4): pg_basebackup: base backup completed")
	c.wantRows("1 -1 p p n u, 2 0 p p s u, 3 1 p p s u, 4 0 m m s u, 5 1 m m s u")
	c.says("gpaddmirrors.again", coordinator, "gpaddmirrors -a -i /tmp/mirrors --hba-hostnames")
	c.kill("primary-1")
	c.wantRows("1 -1 p p n u, 2 0 p p s u, 3 1 m p n d, 4 0 m m s u, 5 1 p m n u")
	c.wantRowsOfTable(1000)
}
