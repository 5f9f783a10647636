package templates_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// A standby's pod says when it followed, and what time it is, by one clock.
func TestFollowing(t *testing.T) {
	p := newPod(t)
	p.fake("pg_ctl", "exit 0")
	p.fake("pg_controldata", `echo "Latest checkpoint's REDO location:    0/C067420"`)
	p.fake("pg_waldump", `echo "rmgr: Heap len: 1, tx: 5, lsn: 0/0C067458, prev 0/0C067420, desc: INSERT"`)
	p.write("greenplum/coordinator/gpseg-1/standby.signal", "")
	p.write("greenplum/.gpk/streamed", "")
	before := time.Now().Truncate(time.Second)
	streamed := before.Add(-time.Hour)
	if err := os.Chtimes(p.path("greenplum/.gpk/streamed"), streamed, streamed); err != nil {
		t.Fatal(err)
	}
	out := p.must(nil, "coordinator.sh", "following")
	var now int64
	rest, found := strings.CutPrefix(out, fmt.Sprintf("instance running\nfollows yes\nreceived 0/0C067458\nstreamed %d\n", streamed.Unix()))
	if _, err := fmt.Sscanf(rest, "now %d\nend\n", &now); err != nil || !found {
		t.Fatalf("it printed %q, %v", out, err)
	}
	if now < before.Unix() || now > time.Now().Unix() {
		t.Errorf("the time there is %d, want %d", now, before.Unix())
	}
}

// The database is started where gpk's decision allows that, and for superusers only amid the setup of an expansion.
func TestBegin(t *testing.T) {
	p := newPod(t)
	p.env = append(p.env, "HOSTNAME=demo-coordinator-0")
	p.fake("gpstart", `echo "$@"`)
	if r := p.run(nil, "coordinator.sh", "begin"); r.status == 0 || r.out != "" {
		t.Errorf("undecided: %+v", r)
	}
	p.write("gpk/state/coordinator", "demo-coordinator-0")
	for _, want := range []string{"-a\n", "-a -R\n"} {
		if got := p.must(nil, "coordinator.sh", "begin"); got != want {
			t.Errorf("gpstart %q, want %q", got, want)
		}
		p.write("greenplum/coordinator/gpseg-1/gpexpand.status", "UNINITIALIZED:None\n")
	}
}
