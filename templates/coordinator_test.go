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
	p.write("greenplum/.gpk/heard", "")
	before := time.Now().Truncate(time.Second)
	streamed := before.Add(-time.Hour)
	if err := os.Chtimes(p.path("greenplum/.gpk/streamed"), streamed, streamed); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(p.path("greenplum/.gpk/heard"), streamed, streamed.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	out := p.must(nil, "coordinator.sh", "following")
	var now int64
	rest, found := strings.CutPrefix(out, fmt.Sprintf("instance running\nfollows yes\nreceived 0/0C067458\nstreamed %d\nheard %d\n", streamed.Unix(), streamed.Add(time.Minute).Unix()))
	if _, err := fmt.Sscanf(rest, "now %d\nend\n", &now); err != nil || !found {
		t.Fatalf("it printed %q, %v", out, err)
	}
	if now < before.Unix() || now > time.Now().Unix() {
		t.Errorf("the time there is %d, want %d", now, before.Unix())
	}
}

// A copy that was moved aside goes only if all its commits are elsewhere: nobody else may have them.
func TestDiscardKeepsCommits(t *testing.T) {
	const commit = "rmgr: Transaction len (rec/tot): 34/34, tx: 7, lsn: 0/0D000100, prev 0/0D0000C0, desc: COMMIT 2026-11-29 10:00:00.1 UTC"
	tests := map[string]struct {
		timeline, wal, errs string
		kept                string
	}{
		"it has nothing more":            {"1", "", "pg_waldump: fatal: error in WAL record at 0/D000000: invalid record length", ""},
		"it has a commit":                {"1", commit, "", "1"},
		"its log is gone":                {"1", "", "pg_waldump: fatal: could not find file \"000000010000000000000003\"", "unknown"},
		"its commit is the first record": {"1", strings.Replace(commit, "0/0D000100", "0/0D000000", 1), "", "1"},
		"it was a standby":               {"2", commit, "", ""},
		"nobody knows of its timeline":   {"3", "", "", "unknown"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPod(t)
			p.fake("pg_ctl", "exit 3")
			p.fake("pg_controldata", `[ -d "$1" ] && echo "Latest checkpoint's TimeLineID:       `+test.timeline+`"`)
			p.write("wal", test.wal+"\n")
			p.write("errs", test.errs+"\n")
			p.fake("pg_waldump", `case " $* " in *" -s 0/0D000000 "*) cat `+p.path("wal")+`; cat `+p.path("errs")+` >&2 ;; esac; exit 1`)
			copied := "greenplum/.gpk/aside/gpseg-1.20261129T100000.1"
			p.write(copied+"/PG_VERSION", "12\n")
			out := p.must(nil, "coordinator.sh", "discard", "1:0/0D000000", "2:")
			want := "end\n"
			if test.kept != "" {
				want = "kept " + p.path(copied) + " " + test.kept + "\nend\n"
			}
			if out != want || p.has(copied) != (test.kept != "") {
				t.Errorf("it printed %q, want %q; it is there: %t", out, want, p.has(copied))
			}
			if out := p.must(nil, "coordinator.sh", "asides"); strings.Contains(out, "kept "+p.path(copied)+" unknown\n") != (test.kept != "") {
				t.Errorf("it tells of %q", out)
			}
			if p.must(nil, "coordinator.sh", "discard"); p.has(copied) {
				t.Error("all of it was to go")
			}
		})
	}
}

// Where timelines ended is in the history of the last one.
func TestTimelines(t *testing.T) {
	p := newPod(t)
	p.fake("pg_controldata", `echo "Latest checkpoint's TimeLineID:       3"`)
	p.write(coordinatorDir+"/pg_wal/00000003.history", "1\t0/0C000000\tno recovery target specified\n\n2\t0/0D000000\tno recovery target specified\n")
	if out := p.must(nil, "coordinator.sh", "timelines"); out != "1:0/0C000000\n2:0/0D000000\n3:\nend\n" {
		t.Errorf("it printed %q", out)
	}
	p.remove(coordinatorDir + "/pg_wal/00000003.history")
	if out := p.must(nil, "coordinator.sh", "timelines"); out != "3:\nend\n" {
		t.Errorf("without a history it printed %q", out)
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
	p.write("greenplum/coordinator/gpseg-1/pg_hba.conf", "offered\n")
	p.write("greenplum/coordinator/gpseg-1/pg_hba.conf.gpk-before", "accepted\n")
	p.must(nil, "coordinator.sh", "begin")
	if got := p.read("greenplum/coordinator/gpseg-1/pg_hba.conf"); got != "accepted\n" {
		t.Errorf("the server starts with %q", got)
	}
}
