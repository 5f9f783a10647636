package segments

import (
	"strings"
	"testing"
)

// Nobody is trusted for an address or a name: without a certificate only the pod's own socket is left.
func TestHBA(t *testing.T) {
	want := `# gpk writes this file as a whole, from cluster.yaml. Lines that somebody else adds are removed.
local all gpadmin trust
local replication gpadmin trust
hostssl all gpadmin all cert
hostssl replication gpadmin all cert
host all all 10.0.0.0/8 scram-sha-256
# gpk: end
`
	if got := HBA([]string{"host all all 10.0.0.0/8 scram-sha-256"}); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for line := range strings.Lines(HBA(nil)) {
		if !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "local") && !strings.HasSuffix(line, " cert\n") {
			t.Errorf("without clients there is the line %q", line)
		}
	}
}

func TestParseHBA(t *testing.T) {
	differ, err := ParseHBA("differs /greenplum/primary/gpseg0 pg_hba.conf\nend\n")
	if err != nil || len(differ) != 1 || differ[0] != "/greenplum/primary/gpseg0/pg_hba.conf" {
		t.Errorf("got %v, error %v", differ, err)
	}
	for _, cut := range []string{"", "differs /greenplum/primary/gpseg0 pg_hba.conf\n", "pg_hba.conf differs\nend\n"} {
		if differ, err := ParseHBA(cut); err == nil {
			t.Errorf("from %q came %v", cut, differ)
		}
	}
}

func TestParseRefusedHBA(t *testing.T) {
	if refused, err := ParseRefusedHBA("[]\n"); err != nil || len(refused) != 0 {
		t.Errorf("got %v, error %v", refused, err)
	}
	// As PostgreSQL 15 prints it.
	refused, err := ParseRefusedHBA(`[{"line" : 98, "error" : "invalid authentication method \"bsd\": not supported by this build"}, ` +
		`{"line" : 99, "error" : "cert authentication is only supported on hostssl connections"}]`)
	if err != nil || len(refused) != 2 || refused[0] != (RefusedLine{98, `invalid authentication method "bsd": not supported by this build`}) {
		t.Errorf("got %v, error %v", refused, err)
	}
	// A stream that was cut is no answer.
	if refused, err := ParseRefusedHBA(""); err == nil {
		t.Errorf("from nothing came %v", refused)
	}
}
