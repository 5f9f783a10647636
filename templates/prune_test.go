package templates_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// old makes what lies on a volume as old as so many days.
func (p *fakePod) old(name string, days int) {
	p.t.Helper()
	at := time.Now().Add(-time.Duration(days)*24*time.Hour - time.Hour)
	if err := os.Chtimes(p.path(name), at, at); err != nil {
		p.t.Fatal(err)
	}
}

// in are how many entries of a folder have names that begin so.
func (p *fakePod) in(folder, prefix string) int {
	p.t.Helper()
	entries, err := os.ReadDir(p.path(folder))
	if err != nil {
		p.t.Fatal(err)
	}
	found := 0
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), prefix) {
			found++
		}
	}
	return found
}

// What jobs and utilities leave on a volume does not grow without an end, and nothing goes that somebody may need.
func TestPrune(t *testing.T) {
	p, job := jobPod(t)
	const jobs, logs, aside = "greenplum/.gpk/jobs/", "greenplum/.gpk/logs/", "greenplum/.gpk/aside/"
	for i := range 30 {
		p.write(fmt.Sprintf("%s%s.20261122T1200%02d.000000001/log", jobs, job, i), "")
	}
	p.write(jobs+"gpstart/status", "0\n")
	p.old(jobs+"gpstart", 90)
	for _, day := range []string{"01", "02"} {
		run := jobs + "gpstart.202601" + day + "T120000.000000001"
		p.write(run+"/log", "")
		p.old(run, 90)
	}
	for i := range 300 {
		name := fmt.Sprintf("%sgpstart_%03d.log", logs, i)
		p.write(name, "")
		p.old(name, map[bool]int{true: 60, false: 2}[i < 10])
	}
	p.write(logs+"gpstart_today.log", "")
	for i := range 5 {
		p.write(fmt.Sprintf("%sgpseg-1.2026112%dT120000.000000001/standby.signal", aside, i), "")
		p.write(fmt.Sprintf("%sgpseg-1.2026102%dT120000.000000001/PG_VERSION", aside, i), "")
	}
	p.must(archive(t, nil), "job.sh", "start", job, "true")
	await(p, job, "exited 0")
	// The rest of the day's work is done in the background.
	for end := time.Now().Add(20 * time.Second); p.in(aside, "gpseg-1.202611") > 2 && time.Now().Before(end); {
		time.Sleep(20 * time.Millisecond)
	}
	for name, want := range map[string]int{
		jobs + " " + job + ".20261122T120029": 1,
		jobs + " " + job + ".":                10,
		jobs + " gpstart.20260102":            1,
		jobs + " gpstart.20260101":            0,
		logs + " gpstart_today":               1,
		logs + " gpstart_":                    201,
		aside + " gpseg-1.20261124":           1,
		aside + " gpseg-1.202611":             2,
		aside + " gpseg-1.202610":             5,
	} {
		folder, prefix, _ := strings.Cut(name, " ")
		if got := p.in(folder, prefix); got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
	if !p.has(jobs + "gpstart/status") {
		t.Error("the last run of another job is gone")
	}
}

// A segment's pod, which has no jobs, prunes its logs when gpk asks it something.
func TestPruneInSession(t *testing.T) {
	p := newPod(t)
	p.write("greenplum/.gpk/logs/gpsegstart.py_1.log", "")
	p.old("greenplum/.gpk/logs/gpsegstart.py_1.log", 60)
	if r := p.run(nil, "session.sh"); r.out != "ready\n" || r.err != "" || r.status != 0 {
		t.Errorf("%+v", r)
	}
	for end := time.Now().Add(20 * time.Second); p.has("greenplum/.gpk/logs/gpsegstart.py_1.log"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it is still there")
		}
	}
}
