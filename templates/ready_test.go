package templates_test

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"
)

// serve answers who asks whether the server speaks SSL, with a letter or not at all, and gives its port.
func serve(t *testing.T, letter string) string {
	t.Helper()
	return listen(t, func(connection net.Conn) {
		asked := make([]byte, 8)
		_, _ = io.ReadFull(connection, asked)
		if bytes.Equal(asked, []byte{0, 0, 0, 8, 4, 210, 22, 47}) {
			_, _ = io.WriteString(connection, letter)
		}
		_, _ = io.Copy(io.Discard, connection)
		_ = connection.Close()
	})
}

// A mirror notes a fatal error for each connection that it turns away, so it is asked in a way that it notes nothing of; whoever may be
// connected to is connected to, and so is a mirror that does not answer.
func TestReadyAsksMirrorsQuietly(t *testing.T) {
	tests := map[string]struct {
		port, status string
		connects     bool
		want         int
	}{
		"a mirror":                          {serve(t, "N"), "standby ", false, 0},
		"a mirror that speaks SSL":          {serve(t, "S"), "standby ", false, 0},
		"a mirror that hangs":               {serve(t, ""), "standby ", true, 1},
		"a mirror that listens elsewhere":   {"1", "standby ", true, 1},
		"what listens is no server":         {serve(t, "E"), "standby ", true, 1},
		"a primary":                         {serve(t, "N"), "ready   ", true, 1},
		"a server that has just begun":      {serve(t, "N"), "", true, 1},
		"a mirror that is being taken down": {serve(t, "N"), "stopping", true, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPod(t)
			p.fake("pg_isready", "echo connected >>"+p.path("connected")+"; exit 2")
			p.write("greenplum/.gpk/initialised", "")
			p.write(primaryDir+"/postmaster.pid", "17\n"+p.path(primaryDir)+"\n1790000000\n"+test.port+"\n/tmp\n*\n  5432001    163840\n"+test.status+"\n")
			if r := p.run(nil, "ready.sh"); r.status != test.want || p.has("connected") != test.connects {
				t.Errorf("%+v, want %d; it connected: %t", r, test.want, p.has("connected"))
			}
		})
	}
}

// That an instance turned away who asked it is no cause of anything, and would hide the one that is.
func TestWhyLeavesOutRefusals(t *testing.T) {
	p := newPod(t)
	var log strings.Builder
	log.WriteString(`2026-01-01 00:00:00 UTC,,,p1,th1,,,,0,,,seg0,,,,,"FATAL","53100","could not write: No space left on device"` + "\n")
	for _, said := range []string{"the database system is in recovery mode", "the database system is starting up", "the database system is shutting down",
		"the database system is resetting", "the database system is not accepting connections", "mirror is being promoted."} {
		log.WriteString(`2026-01-01 00:00:01 UTC,"gpadmin","postgres",p2,th1,"[local]",,,0,,,seg0,,,,,"FATAL","57M02","` + said + `","last replayed record at 0/C000158` + "\n" + `- VERSION: PostgreSQL 12.12"` + "\n")
	}
	p.write("greenplum/mirror/gpseg0/log/gpdb.csv", log.String())
	p.write("greenplum/.gpk/logs/gpstart.log", "ERROR: new\nERROR: old\nERROR: new\n")
	out, found := strings.CutPrefix(p.must(nil, "why.sh"), "gpstart.log: ERROR: new\ngpstart.log: ERROR: old\n")
	if !found || strings.Count(out, "\n") != 2 || !strings.Contains(out, "No space left on device") {
		t.Errorf("it says %q", out)
	}
}
