//go:build e2e

package e2e

import (
	"strings"
	"syscall"
	"testing"
)

// TestLogs reads the logs of the instances, follows them, and leaves nothing running in the pods.
func TestLogs(t *testing.T) {
	t.Parallel()
	c := newCluster(t, small())
	c.gpk("create", "-f", c.file).want(t, 0)

	all := c.gpk("logs", "--tail", "-1").want(t, 0).stdout
	for _, prefix := range []string{"demo-coordinator-0 gpseg-1: ", "demo-primary-0 gpseg0: "} {
		if !strings.Contains("\n"+all, "\n"+prefix) {
			t.Errorf("no line begins with %q:\n%.2000s", prefix, all)
		}
	}
	if one := c.gpk("logs", "demo-primary-0", "--tail", "1").want(t, 0).stdout; strings.Contains(one, coordinator) || one == "" {
		t.Errorf("the last line of one pod:\n%s", one)
	}
	if none := c.gpk("logs", "--since", "1s", "--tail", "0").want(t, 0).stdout; none != "" {
		t.Errorf("no line is still some:\n%s", none)
	}
	c.gpk("logs", "nobody").want(t, 2).says(t, "demo-coordinator-0, demo-primary-0")

	follow := c.start("logs", "--follow", "--tail", "0")
	running := `ps -eo args | grep -c '^/bin/bash /gpk/scripts/logs.sh' || true`
	c.eventually("the pod's logs are followed", func() (bool, error) { return c.in(coordinator, running) != "0", nil })
	_, err := c.exec(c.ctx, coordinator, environment+`psql -X -d postgres -c 'select nothing from where_the_wild_things_are'`)
	if err == nil {
		t.Fatal("a table that is not there can be read")
	}
	c.eventually("what was said meanwhile is shown", func() (bool, error) {
		return strings.Contains(follow.out.String(), "where_the_wild_things_are"), nil
	})
	follow.signal(syscall.SIGINT)
	follow.wait().want(t, 130)
	c.eventually("nothing is left in the pod", func() (bool, error) { return c.in(coordinator, running) == "0", nil })
	if shared.bench != "" {
		c.statusWithoutNetwork()
	}
}

// statusWithoutNetwork has somebody keep the pods from each other: the catalogue says that all is well, and gpk status does not.
func (c *cluster) statusWithoutNetwork() {
	c.t.Helper()
	lift := c.only(dns)
	status := func(exit int, says string) func() (bool, error) {
		return func() (bool, error) {
			r := c.gpk("status")
			return r.status == exit && strings.Contains(r.stdout, says), nil
		}
	}
	c.eventually("status says that the coordinator reaches no segment", status(1, "does not reach 1 of the 1 other pods that are ready: demo-primary-0"))
	lift()
	c.eventually("status says that the cluster is whole again", status(0, "whole"))
}
