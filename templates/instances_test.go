package templates_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// pgCtl notes its arguments and knows the instances with a file "running" to run.
const pgCtl = `echo "pg_ctl $*" >>"$LOG"
verb=$1
while [ $# -gt 0 ]; do [ "$1" != -D ] || dir=$2; shift; done
case $verb in
  status) [ -e "$dir/running" ] ;;
  stop) rm "$dir/running" "$dir/postmaster.pid" ;;
  reload) ;;
esac`

func instancePod(t *testing.T) *fakePod {
	t.Helper()
	p := newPod(t)
	p.env = append(p.env, "LOG="+p.path("log"))
	p.fake("pg_ctl", pgCtl)
	return p
}

func TestInstancesFacts(t *testing.T) {
	p := instancePod(t)
	one, two, three := p.path("greenplum/primary/gpseg0"), p.path("greenplum/primary/gpseg1"), p.path("greenplum/primary/gpseg2")
	facts := func(marker string) {
		t.Helper()
		want := "marker " + marker + "\ninstance " + one + " running\ninstance " + two + " stopped\ninstance " + three + " absent\nend\n"
		if got := p.must(nil, "instances.sh", "facts", one, two, three); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := p.must(nil, "instances.sh", "facts", one); got != "marker none\ninstance "+one+" absent\nend\n" {
		t.Errorf("on an empty volume: %q", got)
	}
	p.must(nil, "instances.sh", "prepare", one, two)
	p.write("greenplum/primary/gpseg0/running", "")
	p.write("greenplum/primary/gpseg1/PG_VERSION", "12\n")
	facts("initialising")
	p.must(nil, "instances.sh", "finish")
	facts("initialised")
	p.must(nil, "instances.sh", "finish")
	facts("initialised")
}

// A directory that exists is never prepared over: it may be somebody's data.
func TestInstancesPrepareRefuses(t *testing.T) {
	p := instancePod(t)
	p.write("greenplum/mirror/gpseg1/PG_VERSION", "12\n")
	r := p.run(nil, "instances.sh", "prepare", p.path("greenplum/mirror/gpseg0"), p.path("greenplum/mirror/gpseg1"))
	if r.status == 0 || !strings.Contains(r.err, "gpseg1 exists already") {
		t.Errorf("%+v", r)
	}
	if p.has("greenplum/.gpk/initialising") {
		t.Error("the volume is marked, and what was there before would count as left behind")
	}
	p.must(nil, "instances.sh", "prepare", p.path("greenplum/other/gpseg0"), p.path("greenplum/other/gpseg1"))
	if !p.has("greenplum/other") || p.has("greenplum/other/gpseg0") || !p.has("greenplum/.gpk/initialising") {
		t.Error("gpinitsystem wants the parents, and the directories themselves absent")
	}
}

// Only what an initialisation that never finished has made is removed.
func TestInstancesClear(t *testing.T) {
	tests := map[string]struct {
		marker  string
		status  int
		removed bool
	}{
		"complete":       {"initialised", 1, false},
		"never prepared": {"", 0, false},
		"unfinished":     {"initialising", 0, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := instancePod(t)
			p.write("greenplum/primary/gpseg0/base/1/2", "data")
			p.write("greenplum/primary/gpseg1/PG_VERSION", "12\n")
			p.write("tmp/.s.PGSQL.40000.lock", "1")
			if test.marker != "" {
				p.write("greenplum/.gpk/"+test.marker, "")
			}
			if r := p.run(nil, "instances.sh", "clear", p.path("greenplum/primary/gpseg0")); r.status != test.status {
				t.Errorf("%+v", r)
			}
			if p.has("greenplum/primary/gpseg0") == test.removed || p.has("tmp/.s.PGSQL.40000.lock") == test.removed {
				t.Errorf("removed: the directory %t, the socket's lock %t; want %t", !p.has("greenplum/primary/gpseg0"), !p.has("tmp/.s.PGSQL.40000.lock"), test.removed)
			}
			if !p.has("greenplum/primary/gpseg1") {
				t.Error("a directory that was not named is gone")
			}
		})
	}
}

// Both markers are there when finish was killed between the two: complete counts.
func TestInstancesFinishKilled(t *testing.T) {
	p := instancePod(t)
	p.write("greenplum/.gpk/initialising", "")
	p.write("greenplum/.gpk/initialised", "")
	p.write("greenplum/primary/gpseg0/PG_VERSION", "12\n")
	if r := p.run(nil, "instances.sh", "clear", p.path("greenplum/primary/gpseg0")); r.status == 0 || !p.has("greenplum/primary/gpseg0") {
		t.Errorf("complete instances were cleared: %+v", r)
	}
}

// A postmaster that outlived its utility would write into the directory that is being removed.
func TestInstancesClearKills(t *testing.T) {
	p := instancePod(t)
	p.write("greenplum/.gpk/initialising", "")
	// gpseg1 is named, and gpseg10 is another instance's.
	start := func(dir string) func() bool {
		p.write("greenplum/primary/"+dir+"/PG_VERSION", "12\n")
		command := p.command("run.sh", "bash", "-c", "echo up; read -r", "postgres", "-D", p.path("greenplum/primary/"+dir))
		stdin, err := command.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		stdout, err := command.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := stdout.Read(make([]byte, 3)); err != nil {
			t.Fatal(err)
		}
		return func() bool {
			_, _ = stdin.Write([]byte("\n"))
			return command.Wait() == nil
		}
	}
	named, other := start("gpseg1"), start("gpseg10")
	p.must(nil, "instances.sh", "clear", p.path("greenplum/primary/gpseg1"))
	if named() {
		t.Error("the postmaster lives on in a directory that is gone")
	}
	if !other() {
		t.Error("the postmaster of another instance was killed")
	}
}

// A server of an initdb that was killed goes on for a moment. It has the directory in its environment, and works in it.
func TestInstancesClearWorkers(t *testing.T) {
	p := instancePod(t)
	p.write("greenplum/.gpk/initialising", "")
	p.write("greenplum/primary/gpseg1/base/PG_VERSION", "12\n")
	// The second one makes files for a while in a directory below, and is not to be found by anything.
	const writes = "echo up; until [ $SECONDS = 1 ]; do echo >$RANDOM$RANDOM; done; read -r"
	dead := func(dir, script string) func() bool {
		command := p.command("run.sh", "bash", "-c", `cd "$WORK" && `+script)
		command.Env = append(command.Env, "WORK="+p.path("greenplum/primary/gpseg1/"+dir))
		stdin, err := command.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		stdout, err := command.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := stdout.Read(make([]byte, 3)); err != nil {
			t.Fatal(err)
		}
		return func() bool {
			_, _ = stdin.Write([]byte("\n"))
			return command.Wait() != nil
		}
	}
	server, writer := dead("", "echo up; read -r"), dead("base", writes)
	p.must(nil, "instances.sh", "clear", p.path("greenplum/primary/gpseg1"))
	if p.has("greenplum/primary/gpseg1") {
		t.Error("the directory is still there")
	}
	if !server() {
		t.Error("the server lives on in a directory that is gone")
	}
	writer()
}

func TestInstancesStop(t *testing.T) {
	p := instancePod(t)
	for _, dir := range []string{"coordinator/gpseg-1", "primary/gpseg0"} {
		p.write("greenplum/"+dir+"/running", "")
		p.write("greenplum/"+dir+"/postmaster.pid", "1\n")
	}
	p.write("greenplum/primary/gpseg1/PG_VERSION", "12\n")
	p.must(nil, "instances.sh", "stop")
	log := p.read("log")
	if strings.Count(log, "pg_ctl stop") != 2 || strings.Count(log, "-m fast") != 2 || strings.Contains(log, "gpseg1 ") {
		t.Errorf("stopped by\n%s", log)
	}
	if p.has("greenplum/primary/gpseg0/running") {
		t.Error("it returned before the instances were down")
	}
}

func TestInstancesUnknownVerb(t *testing.T) {
	p := instancePod(t)
	if r := p.run(nil, "instances.sh", "remove"); r.status != 2 || !strings.Contains(r.err, "unknown verb: remove") {
		t.Errorf("%+v", r)
	}
}

// ready.sh is the pods' readiness: every instance must answer.
func TestReady(t *testing.T) {
	tests := map[string]struct {
		initialised bool
		ports       []string
		statuses    string
		want        int
		says        string
	}{
		"before gpinitsystem": {false, []string{"40000"}, "40000=0", 1, "initialised"},
		"accepting":           {true, []string{"40000"}, "40000=0", 0, ""},
		"starting":            {true, []string{"40000"}, "40000=1", 0, ""},
		"a mirror":            {true, []string{"50000"}, "50000=64", 0, ""},
		"mute":                {true, []string{"40000"}, "40000=2", 1, "does not answer on port 40000"},
		"one of two mute":     {true, []string{"40000", "40001"}, "40000=0 40001=2", 1, "gpseg1 does not answer on port 40001"},
		"stopped":             {true, []string{""}, "", 1, "is not running"},
		"no instance":         {true, nil, "", 1, "is not running"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPod(t)
			p.env = append(p.env, "STATUSES="+test.statuses)
			p.fake("pg_isready", `for s in $STATUSES; do [ "${s%%=*}" != "$7" ] || exit "${s#*=}"; done; exit 3`)
			if test.initialised {
				p.write("greenplum/.gpk/initialised", "")
			}
			for i, port := range test.ports {
				dir := fmt.Sprintf("greenplum/primary/gpseg%d", i)
				p.write(dir+"/PG_VERSION", "12\n")
				if port != "" {
					p.write(dir+"/postmaster.pid", "17\n"+p.path(dir)+"\n1790000000\n"+port+"\n/tmp\n*\n")
				}
			}
			if r := p.run(nil, "ready.sh"); r.status != test.want || !strings.Contains(r.out, test.says) {
				t.Errorf("%+v, want status %d and %q", r, test.want, test.says)
			}
		})
	}
}

// reach.sh tells of every host, whatever ssh says, and gpk reads it line by line.
func TestReach(t *testing.T) {
	p := newPod(t)
	p.write("etc/resolv.conf", "search sales.svc.cluster.local svc.cluster.local cluster.local\n")
	p.fake("ssh", `host=${@: -2:1}
case $host in
  good-2) echo fresh ;;
  good* | other) ;;
  bad) echo "ssh: connect to host bad port 22: Connection refused" >&2; exit 255 ;;
  *) printf 'two\nlines\n' >&2; exit 255 ;;
esac`)
	p.fake("getent", `case $1 in
  ahosts) [ "$2" != unknown ] && echo "10.0.0.1-$2 STREAM" ;;
esac`)
	out := p.must([]byte("good-1\nbad\nworse\ngood-2\nother\nunknown"), "reach.sh")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	for _, want := range []string{"good-1 ok", "good-2 ok fresh",
		"other ok", "bad ssh: connect to host bad port 22: Connection refused", "worse two lines",
		"unknown the DNS has no address for it"} {
		found := false
		for _, line := range lines {
			found = found || line == want
		}
		if !found {
			t.Errorf("%q is not in %q", want, lines)
		}
	}
	if len(lines) != 6 {
		t.Errorf("%d lines: %q", len(lines), lines)
	}
	if out := p.must(nil, "reach.sh"); out != "" {
		t.Errorf("without hosts: %q", out)
	}
}

// The sessions of others in the primaries end. The mirror here has none, the coordinator is not asked, and an instance that does not run has
// none either.
func TestInstancesSever(t *testing.T) {
	p := instancePod(t)
	p.fake("psql", `echo "$PGOPTIONS $*" >>"$LOG"
port=$(sed 's/.* -p \([0-9]*\) .*/\1/' <<<"$*")
case $port in
  6001) echo "FATAL:  the database system is in recovery mode" >&2; exit 2 ;;
  6002) echo 1 ;;
  *) left=$(cat "$LOG.$port"); echo "$left"; echo 0 >"$LOG.$port" ;;
esac`)
	p.fake("sleep", "")
	for dir, port := range map[string]string{"primary/gpseg0": "6000", "primary/gpseg1": "6001", "primary/gpseg2": "6002", "mirror/gpseg3": "6003",
		"coordinator/gpseg-1": "5432"} {
		p.write("greenplum/"+dir+"/postmaster.pid", "1\n/dir\n0\n"+port+"\n")
		p.write("greenplum/"+dir+"/running", "")
	}
	p.write("log.6000", "7\n")
	p.write("greenplum/mirror/gpseg3/standby.signal", "")
	p.write("greenplum/primary/gpseg4/PG_VERSION", "12\n")
	got := strings.Split(strings.TrimSuffix(p.must(nil, "instances.sh", "sever"), "\n"), "\n")
	slices.Sort(got)
	primary := p.path("greenplum/primary/gpseg")
	want := []string{"end", "left " + primary + "2 1", "severed " + primary + "0 7", "silent " + primary + "1"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for line := range strings.Lines(p.read("log")) {
		if strings.Contains(line, "psql") || !strings.Contains(line, "-p ") {
			continue
		}
		if !strings.HasPrefix(line, "-c gp_role=utility ") || !strings.Contains(line, "pg_terminate_backend(pid)") {
			t.Errorf("psql was called with %q", line)
		}
	}
}
