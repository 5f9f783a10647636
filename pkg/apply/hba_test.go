package apply

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/test/apitest"
)

// A line that the server refuses is taken back before the standby gets it: neither would start with it.
func TestRefusedHBA(t *testing.T) {
	const line = "host all all all ldap ldapserver=x ldapbasedn=y ldapprefix=z"
	c := newCreation(t)
	if _, _, err := c.run(0); err != nil {
		t.Fatal(err)
	}
	d := c.database
	before := maps.Clone(d.hba)
	good := c.plan

	d.refuses = line
	cluster := apitest.Cluster(t)
	cluster.Spec.Database.HBA = []string{"host all all all md5", line}
	var err error
	if c.plan, err = plan.Create(cluster); err != nil {
		t.Fatal(err)
	}
	_, _, err = c.run(0)
	var told *engine.NextError
	if !errors.As(err, &told) || !strings.Contains(told.Next.String(), "spec.database.hba") {
		t.Fatalf("error %v", err)
	}
	for _, words := range []string{line, "line 6 of /greenplum/coordinator/gpseg-1/pg_hba.conf in pod " + d.topology.Coordinator().Pod,
		"it mixes two ways", "gpk has restored the previous file"} {
		if !strings.Contains(err.Error(), words) {
			t.Errorf("%q is not in %q", words, err)
		}
	}
	if !maps.Equal(d.hba, before) {
		t.Errorf("from %q came %q", before, d.hba)
	}

	// Of a gpk that was killed before it could ask.
	killed := d.topology.Coordinator().Pod
	d.hba[killed] = before[killed] + line + "\n"
	c.plan = good
	if _, _, err = c.run(0); !errors.As(err, &told) || !strings.Contains(err.Error(), "would not start again") {
		t.Errorf("error %v", err)
	}
	// Nor does a secret in a line of an earlier gpk, or of somebody else, get into an error and the journal.
	d.refuses = "host all all all ldap ldapserver=x ldapbindpasswd=hunter2"
	d.hba[killed] = before[killed] + d.refuses + "\n"
	_, _, err = c.run(0)
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "ldapbindpasswd=…") {
		t.Errorf("error %v", err)
	}
	d.hba[killed] = before[killed]
	if _, outcome, err := c.run(0); err != nil || outcome.Changed != 0 {
		t.Errorf("%d steps, error %v", outcome.Changed, err)
	}
	c.check("in the end")
}
