package apply

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
	"gpk/test/apitest"
)

// created is a creation that has run.
func created(t *testing.T) *creation {
	t.Helper()
	c := newCreation(t)
	if _, _, err := c.run(0); err != nil {
		t.Fatal(err)
	}
	return c
}

// letIn gives cluster.yaml these lines of clients.
func (c *creation) letIn(lines ...string) {
	c.t.Helper()
	cluster := apitest.Cluster(c.t)
	cluster.Spec.Database.HBA = lines
	var err error
	if c.plan, err = plan.Create(cluster); err != nil {
		c.t.Fatal(err)
	}
}

// A line that the server refuses is taken back before the standby gets it: neither would start with it.
func TestRefusedHBA(t *testing.T) {
	const line = "host all all all ldap ldapserver=x ldapbasedn=y ldapprefix=z"
	c := created(t)
	d := c.database
	before := maps.Clone(d.hba)
	good := c.plan

	d.refuses = line
	c.letIn("host all all all md5", line)
	_, _, err := c.run(0)
	var told *engine.NextError
	if !errors.As(err, &told) || !strings.Contains(told.Next.String(), "spec.database.hba") {
		t.Fatalf("error %v", err)
	}
	for _, words := range []string{line, "line 7 of /greenplum/coordinator/gpseg-1/pg_hba.conf in pod " + d.topology.Coordinator().Pod,
		"it mixes two ways", "gpk has restored the previous file"} {
		if !strings.Contains(err.Error(), words) {
			t.Errorf("%q is not in %q", words, err)
		}
	}
	if !maps.Equal(d.hba, before) {
		t.Errorf("from %q came %q", before, d.hba)
	}

	// What a gpk that was killed has left, or somebody else has added, is replaced, with any secret in it.
	killed := d.topology.Coordinator().Pod + ":" + topology.CoordinatorDir
	for _, line := range []string{line, "host all all all trust", "host all all all ldap ldapserver=x ldapbindpasswd=hunter2"} {
		d.refuses, d.hba[killed], c.plan = line, before[killed]+line+"\n", good
		if _, outcome, err := c.run(0); err != nil || outcome.Changed != 1 || d.hba[killed] != before[killed] {
			t.Errorf("after %q: %d steps, error %v, %q", line, outcome.Changed, err, d.hba[killed])
		}
	}
	if _, outcome, err := c.run(0); err != nil || outcome.Changed != 0 {
		t.Errorf("%d steps, error %v", outcome.Changed, err)
	}
	c.check("in the end")
}

// A pod that has gone keeps nobody from a change for clients, and gets the file when it is there again. The acting coordinator's is no such pod.
func TestHBAWithoutPod(t *testing.T) {
	for away, refused := range map[string]bool{"demo-coordinator-1": false, "demo-primary-1": false, "demo-coordinator-0": true} {
		t.Run(away, func(t *testing.T) {
			t.Parallel()
			c := created(t)
			d := c.database
			const line = "host all all all md5"
			c.letIn(line)
			d.away = away
			if _, _, err := c.run(0); (err != nil) != refused {
				t.Fatalf("error %v", err)
			}
			standby := "demo-coordinator-1:" + topology.CoordinatorDir
			if got := strings.Contains(d.hba[standby], line); got != (away == "demo-primary-1") {
				t.Errorf("the standby has the line: %t", got)
			}
			d.away = ""
			if _, _, err := c.run(0); err != nil || !strings.Contains(d.hba[standby], line) {
				t.Errorf("error %v, the standby's file is %q", err, d.hba[standby])
			}
		})
	}
}

// In a failover a refused line is told, and clients are let in by the lines that the server has.
func TestRefusedHBATolerated(t *testing.T) {
	const line = "host all all all ldap ldapserver=x ldapbasedn=y ldapprefix=z"
	c := created(t)
	d := c.database
	before := maps.Clone(d.hba)
	d.refuses = line
	c.letIn(line)
	at := slices.IndexFunc(c.plan.Steps, func(s plan.Step) bool { return s.ID == "authentication" })
	action := c.plan.Steps[at].Action.(plan.Authentication)
	action.Tolerant = true
	c.plan.Steps[at].Action = action
	if _, outcome, err := c.run(0); err != nil || outcome.Changed != 1 {
		t.Errorf("%d steps, error %v", outcome.Changed, err)
	}
	if !maps.Equal(d.hba, before) {
		t.Errorf("from %q came %q", before, d.hba)
	}
}
