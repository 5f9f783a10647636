package main

import (
	"context"
	"errors"
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

// What gpk is told to end ends on the server as well, or gpk says that it may go on.
func TestPsqlIsEnded(t *testing.T) {
	for name, test := range map[string]struct {
		ends  chan struct{}
		words []string
	}{
		"ended":           {make(chan struct{}), []string{"interrupted; gpk has ended psql and its statement"}},
		"not to be ended": {nil, []string{"interrupted; psql's statement may continue", "gpk psql", "pg_terminate_backend"}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, interrupt := context.WithCancelCause(t.Context())
			f := &fleet{ends: test.ends, began: func() { interrupt(errInterrupted) }}
			f.runs(t, clusterOf(t, "7.1.0", "x/greenplum"))
			var out, errs strings.Builder
			code := run(ctx, []string{"psql", "--", "-c", "hangs"}, streams{strings.NewReader(""), &out, &errs})
			ran{code, out.String(), errs.String()}.wants(t, exitInterrupted, test.words...)
			if strings.Contains(errs.String(), "same command again") {
				t.Errorf("it says %q", errs.String())
			}
		})
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// Output that could not be written is an error, and psql ends.
func TestPsqlOutputIsWritten(t *testing.T) {
	f := &fleet{ends: make(chan struct{})}
	f.runs(t, clusterOf(t, "7.1.0", "x/greenplum"))
	var errs strings.Builder
	code := run(t.Context(), []string{"psql", "--", "-c", "select 1"}, streams{strings.NewReader(""), full{}, &errs})
	ran{code, "", errs.String()}.wants(t, exitFailed, "cannot write the output", "no space left on device")
	if !f.wasAsked("endpsql.sh") {
		t.Errorf("asked %q", f.asked)
	}
}

// psql would take SQL for the name of a user.
func TestPsqlArgumentsComeAfterDashes(t *testing.T) {
	f := &fleet{}
	gpk := f.runs(t, clusterOf(t, "7.1.0", "x/greenplum"))
	gpk("psql", "select 1").wants(t, exitUsage, "gpk psql", "-- -c 'select 1'")
	gpk("psql", "sales", "--", "-A").wants(t, exitUsage, "come after --")
	gpk("psql", "-c", "select 1").wants(t, exitUsage, "-- -c 'select version()'")
	if len(f.asked) > 0 {
		t.Errorf("asked %q", f.asked)
	}
}
