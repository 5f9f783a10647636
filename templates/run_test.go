package templates_test

import (
	"os"
	"strings"
	"testing"
)

// gpk's own sessions do without what the server's settings would do to them: statement_timeout=1 ends every statement, and a
// session_preload_libraries that is not there every session. A user's session has the server's settings.
func TestSessionOptions(t *testing.T) {
	p := newPod(t)
	p.env = append(p.env, "PGOPTIONS=")
	p.fake("psql", `echo "options $PGOPTIONS"`)
	p.fake("pg_ctl", "exit 3")
	p.write("greenplum/.gpk/jobs/analyze/argv", "psql\n")
	for name, call := range map[string][]string{
		"SQL":           {"run.sh", "psql", "-d", "postgres"},
		"an instance":   {"run.sh", "env", "PGOPTIONS=-c gp_role=utility", "psql", "-d", "postgres"},
		"the catalogue": {"instances.sh", "coordinator", p.path("greenplum/coordinator/gpseg-1")},
	} {
		out := p.must(nil, call[0], call[1:]...)
		for _, option := range []string{"-c statement_timeout=0", "-c session_preload_libraries= ", "-c default_transaction_read_only=off"} {
			if !strings.Contains(out, option) {
				t.Errorf("%s: %q lacks %q", name, out, option)
			}
		}
		if strings.Contains(out, "-c gp_role=utility ") != (name == "an instance") {
			t.Errorf("%s: %q", name, out)
		}
	}
	if r := p.run(nil, "job.sh", "run", "analyze", "psql"); r.status != 0 || !strings.Contains(r.out, "-c statement_timeout=0") {
		t.Errorf("a job: %+v", r)
	}
	if out := p.must(nil, "run.sh", "env", "psql", "-d", "postgres"); out != "options \n" {
		t.Errorf("a user's session: %q", out)
	}
	// A server that a utility starts hands on what is in its environment.
	p.fake("gpstart", `echo "options ${PGOPTIONS:-}"`)
	if err := os.MkdirAll(p.path("greenplum/.gpk/jobs/gpstart"), 0o700); err != nil {
		t.Fatal(err)
	}
	if out := p.must(nil, "job.sh", "run", "gpstart", "gpstart"); out != "options \n" {
		t.Errorf("a utility: %q", out)
	}
}
