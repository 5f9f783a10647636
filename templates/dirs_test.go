package templates_test

import (
	"strings"
	"syscall"
	"testing"
)

// A copy that somebody has put beside an instance is not one: nothing starts, stops, watches or reads it.
func TestCopiesAreNoInstances(t *testing.T) {
	p := keepPod(t, "demo-primary-0", "2")
	copies := []string{"primary/gpseg0.before", "primary/gpseg", "primary/gpseg-10", "primary/gpseg0~", "coordinator/gpseg-1.old", "my copy/gpseg0"}
	for _, dir := range append([]string{"primary/gpseg0", "primary/gpseg12"}, copies...) {
		p.write("greenplum/"+dir+"/postgresql.conf", "port = 40000\n")
		p.write("greenplum/"+dir+"/log/startup.log", "FATAL of "+dir+"\n")
		p.write("greenplum/"+dir+"/log/today.csv", "FATAL in "+dir+"\n")
	}
	p.write("answers/demo-coordinator-0.demo.row", "p|u\n")
	p.run(nil, "keep.sh")
	if done := p.done(); strings.Count(done, "pg_ctl start") != 2 || !strings.Contains(done, "start -D /greenplum/primary/gpseg0 ") {
		t.Errorf("started: %q", done)
	}
	for _, args := range [][]string{{"why.sh"}, {"logs.sh", "-1", "0", "end"}} {
		out := p.must(nil, args[0], args[1:]...)
		if strings.Count(out, "FATAL in primary/gpseg0\n") != 1 || strings.Count(out, "FATAL in ") != 2 {
			t.Errorf("%s says %q", args[0], out)
		}
	}
	p.write("greenplum/primary/gpseg0/postmaster.pid", "17\n\n\n40000\n")
	p.write("greenplum/primary/gpseg12/postmaster.pid", "17\n\n\n40000\n")
	p.write("mirror-accepts", "")
	if r := p.run(nil, "ready.sh"); r.status != 0 {
		t.Errorf("not ready: %+v", r)
	}
	for _, dir := range copies {
		p.write("greenplum/"+dir+"/postmaster.pid", "1\n")
	}
	p.must(nil, "instances.sh", "stop")
	if done := p.done(); strings.Count(done, "pg_ctl stop") != 2 || strings.Contains(done, "before") {
		t.Errorf("stopped: %q", done)
	}
}

func TestStartLeavesCopies(t *testing.T) {
	p := startPod(t)
	p.write(primaryDir+".before/postmaster.pid", "1\n")
	_, process, end := p.first()
	p.await("sshd-runs")
	_ = process.Signal(syscall.SIGTERM)
	if !end() || !p.has(primaryDir+".before/postmaster.pid") || p.has(primaryDir+"/postmaster.pid") {
		t.Error("the pid file of the instance alone is to be removed")
	}
}
