//go:build e2e

package e2e

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestShapes makes clusters of shapes that no other test has, and does everything to them.
func TestShapes(t *testing.T) {
	for title, s := range map[string]shape{
		"three with a standby":              {primaries: 3, standby: true},
		"four with mirrors":                 {primaries: 4, mirrors: true},
		"four with mirrors by two in a pod": {primaries: 4, mirrors: true, perPod: 2},
		"three with both by two in a pod":   {primaries: 3, mirrors: true, standby: true, perPod: 2},
	} {
		t.Run(strings.ReplaceAll(title, " ", "-"), func(t *testing.T) {
			t.Parallel()
			c := newCluster(t, s)
			c.gpk("create", "-f", c.file).want(t, 0)
			c.wantSpread(c.wantWhole(s))
			c.wantMirrorsSpread()
			if again := c.gpk("create", "-f", c.file).want(t, 0); !strings.HasPrefix(again.stdout, "no changes") {
				t.Errorf("create on a finished cluster: %s", again.stdout)
			}
			c.daysAfter(s)
			c.gpk("delete", "--cluster", name, "--delete-data", "--yes").want(t, 0)
		})
	}
}

// daysAfter does to a cluster what comes after the first day, while a client writes.
func (c *cluster) daysAfter(s shape) {
	c.t.Helper()
	w := c.writes()
	c.gpk("restart").want(c.t, 0)
	acting := coordinator
	if s.standby {
		acting = "demo-coordinator-1"
		c.gpk("failover", "--force").want(c.t, 0)
	}
	c.wantCoordinator(acting)
	s.primaries++
	c.day("expand", "--segments", strconv.Itoa(s.primaries))
	c.wantOnAll("spread", 500, c.wantWhole(s))
	c.day("config", "set", "work_mem=48MB")
	if s.mirrors {
		c.in("demo-primary-0", killInstance, "/greenplum/primary/gpseg0")
		c.day("recover")
		c.wantWhole(s)
	}
	c.day("upgrade", "--version", next())
	c.wantRelease(s, next())
	c.day("stop")
	c.day("start")
	c.wantCoordinator(acting)
	c.wantWhole(s)
	w.wantAll()
}

// day is a command's preview, the command, and both once more, when there is nothing left to do.
func (c *cluster) day(command ...string) {
	c.t.Helper()
	preview := append(slices.Clone(command), "--dry-run")
	c.gpk(preview...).want(c.t, 3)
	c.gpk(command...).want(c.t, 0)
	c.gpk(preview...).want(c.t, 0)
	if again := c.gpk(append(command, "-o", "json")...).want(c.t, 0); !strings.Contains(again.stdout, `"changed": 0`) {
		c.t.Errorf("gpk %s found something to do again: %s", strings.Join(command, " "), again.stdout)
	}
}
