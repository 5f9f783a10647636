package templates_test

import (
	"strings"
	"testing"
)

const (
	mirrorDir  = "greenplum/mirror/gpseg1"
	fullMirror = "# Do not edit\nwork_mem = '1MB'\nprimary_conninfo = 'user=gpadmin passfile=''/home/.pgpass'' host=''demo-primary-1.demo.analytics.svc.cluster.local'' port=40000 hostaddr=10.0.0.7'\n"
	wholeHBA   = "# gpk writes this file as a whole, from cluster.yaml.\nlocal all gpadmin trust\n# gpk: end\n"
)

// convertPod is a pod with an instance and a mirror of an earlier gpk, which do not run.
func convertPod(t *testing.T) *fakePod {
	t.Helper()
	p := hbaPod(t)
	p.fake("pg_ctl", `[ "$1" != status ] || [ -e "$3/running" ]`)
	p.write(mirrorDir+"/postgresql.conf", "port=50001\n")
	p.write(mirrorDir+"/postgresql.auto.conf", fullMirror)
	p.write(mirrorDir+"/pg_hba.conf", "host all all .demo.analytics.svc.cluster.local trust\n")
	return p
}

// Only what follows a host by its full name changes, and all instances get their pg_hba.conf and ssl. The second time nothing changes.
func TestConvertFiles(t *testing.T) {
	p := convertPod(t)
	p.write(hbaDir+"/recovery.conf", "standby_mode = 'on'\nprimary_conninfo = 'host=demo-mirror-0.demo.analytics.svc port=50000'\n")
	dirs := []string{p.path(hbaDir), p.path(mirrorDir), p.path("greenplum/primary/gpseg7")}
	old := "old " + dirs[0] + " recovery.conf\nold " + dirs[0] + " pg_hba.conf\nold " + dirs[1] + " postgresql.auto.conf\nold " + dirs[1] + " pg_hba.conf\nend\n"
	if out := p.must(nil, "convert.sh", append([]string{"check"}, dirs...)...); out != old {
		t.Errorf("at first %q, want %q", out, old)
	}
	for range 2 {
		if out := p.must([]byte(wholeHBA), "convert.sh", append([]string{"files"}, dirs...)...); out != "end\n" {
			t.Errorf("got %q", out)
		}
		if got, want := p.read(mirrorDir+"/postgresql.auto.conf"), strings.Replace(fullMirror, ".demo.analytics.svc.cluster.local", "", 1); got != want {
			t.Errorf("it follows %q, want %q", got, want)
		}
		if got := p.read(hbaDir + "/recovery.conf"); got != "standby_mode = 'on'\nprimary_conninfo = 'host=demo-mirror-0 port=50000'\n" {
			t.Errorf("it follows %q", got)
		}
		if p.read(hbaDir+"/pg_hba.conf") != wholeHBA || !strings.Contains(p.read(mirrorDir+"/postgresql.conf"), "ssl=on\n") {
			t.Error("pg_hba.conf or ssl are as before")
		}
	}
	if out := p.must(nil, "convert.sh", append([]string{"check"}, dirs...)...); out != "end\n" {
		t.Errorf("afterwards %q", out)
	}
}

// An instance that runs would go on by what it has read. A pg_hba.conf that was cut off on its way makes no instance count as converted.
func TestConvertFilesFails(t *testing.T) {
	for name, test := range map[string]struct{ running, hba string }{"it runs": {mirrorDir + "/running", wholeHBA}, "cut off": {"other", wholeHBA[:30]}} {
		p := convertPod(t)
		p.write(test.running, "")
		if r := p.run([]byte(test.hba), "convert.sh", "files", p.path(mirrorDir)); r.status == 0 {
			t.Errorf("%s: %+v", name, r)
		}
		if out := p.must(nil, "convert.sh", "check", p.path(mirrorDir)); !strings.Contains(out, "pg_hba.conf") {
			t.Errorf("%s: it counts as converted: %q", name, out)
		}
	}
}

// The coordinator runs alone meanwhile, and the catalogue's own answer decides.
func TestConvertCatalogue(t *testing.T) {
	for answer, status := range map[string]int{"left 0": 0, "left 1": 1, "": 1} {
		p := newPod(t)
		p.fake("gpstart", `echo "gpstart $*" >>calls`)
		p.fake("gpstop", `echo "gpstop $*" >>calls; exit 1`)
		p.fake("psql", `echo "psql $PGOPTIONS" >>calls; echo "`+answer+`"`)
		if r := p.run(nil, "convert.sh", "catalogue"); r.status != status {
			t.Errorf("%q: %+v", answer, r)
		}
		if got := p.read("calls"); got != "gpstart -a -m\npsql -c gp_role=utility -c allow_system_table_mods=on -c synchronous_commit=local\ngpstop -a -m -M fast\n" {
			t.Errorf("%q: called %q", answer, got)
		}
	}
}
