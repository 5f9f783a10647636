package main

import (
	"strings"
	"testing"
)

// psql gets gpk's own input, and gives its own output and exit status.
func TestPsql(t *testing.T) {
	f := &fleet{}
	gpk := f.runs(t, clusterOf(t, "7.1.0", "x/greenplum"))
	r := typed(t, "select 1;\n", "psql")
	r.wants(t, 0, "demo-coordinator-0: ", "psql -d dbname='postgres': select 1;")
	gpk("psql", "-d", "sales", "--", "-c", "select 2", "-A").wants(t, 0, "psql -d dbname='sales' -c select 2 -A: ")

	r = gpk("psql", "-d", "nowhere")
	r.wants(t, 2, `psql: error: database "nowhere" does not exist`)
	// psql has said it, and gpk adds nothing.
	if strings.Contains(r.err, "error:") && strings.Count(r.err, "\n") != 1 || strings.Contains(r.err, "next:") {
		t.Errorf("gpk adds to it: %q", r.err)
	}

	// The standby acts after a failover.
	f.catalogue[0].Role, f.catalogue[1].Role = f.catalogue[1].Role, f.catalogue[0].Role
	gpk("psql").wants(t, 0, "demo-coordinator-1: ")
	f.unready["demo-coordinator-1"] = "no answer"
	gpk("psql").wants(t, 1, "no coordinator answers")
}
