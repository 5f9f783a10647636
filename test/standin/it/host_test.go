package it

import "testing"

// A host that is lost and comes back has its disk and nothing else.
func TestHostComesBack(t *testing.T) {
	c := newCluster(t, coordinator)
	c.run(coordinator, "touch /greenplum/kept /tmp/lost; setsid sleep 1000 >/dev/null 2>&1 </dev/null & true", 0)
	host := c.bed.Host(coordinator)
	host.Stop(c.ctx)
	if err := host.Start(c.ctx); err != nil {
		t.Fatal(err)
	}
	c.run(coordinator, "test -e /greenplum/kept && test ! -e /tmp/lost", 0)
	c.run(coordinator, "pgrep -x sleep", 1)
}
