package templates_test

import (
	"os"
	"strings"
	"testing"
)

// keepPod is a pod of a cluster whose start script has begun to keep its instances: after so many looks at what runs it ends.
func keepPod(t *testing.T, name string, looks string) *fakePod {
	t.Helper()
	p := newPod(t)
	p.env = append(p.env, "LOG="+p.path("log"), "ANSWERS="+p.path("answers/"), "HOSTNAME="+name, "READY="+p.path("mirror-accepts"), "LOOKS="+p.path("looks"),
		"LATER="+p.path("gpk/state/later"),
		"GPK_COORDINATORS=demo-coordinator-0.demo demo-coordinator-1.demo")
	p.write("log", "")
	p.write("looks", looks)
	p.write("greenplum/.gpk/initialised", "")
	p.write("gpk/state/hosts", "demo-primary-0.demo\n")
	// It is cut off from nobody.
	p.write("gpk/scripts/hosts.sh", "exit 0\n")
	p.fake("hostname", "echo "+name+".demo")
	p.fake("ssh", "exit 0")
	p.fake("gpstart", `echo gpstart >>"$LOG"; echo 1 >"${ANSWERS}here.alive"`)
	p.fake("pg_isready", `[ -e "$READY" ]`)
	p.fake("pg_ctl", `echo "pg_ctl $*" >>"$LOG"
verb=$1 dir=$3
case $verb in
  status) [ -e "$dir/running" ] ;;
  start) touch "$dir/running" ;;
  stop) rm "$dir/running" ;;
esac`)
	// Waits take no time, and the 5 s between two looks end the script when there have been enough. What is decided later comes with
	// the first wait of a second.
	p.fake("sleep", `[ "$1" != 1 ] || [ ! -d "$LATER" ] || { mv "$LATER"/* "${LATER%/*}"; rmdir "$LATER"; }
[ "$1" != 1 ] || exec /bin/sleep 0.05
[ "$1" = 10 ] || [ "$1" = 5 ] || exit 0
n=$(cat "$LOOKS"); [ "$n" -gt 0 ] || exit 1; echo $((n - 1)) >"$LOOKS"`)
	p.fake("psql", `host=here
for ((i = 1; i <= $#; i++)); do [ "${!i}" != -h ] || { j=$((i + 1)); host=${!j}; }; done
case ${!#} in
  "select 1") cat "$ANSWERS$host.alive" || cat "$ANSWERS$host.refusal" >&2 ;;
  *"role, status"*) cat "$ANSWERS$host.row" ;;
  *m.hostname*) cat "$ANSWERS$host.peer" ;;
esac`)
	p.write("answers/nothing", "")
	return p
}

// done is what was done to instances, without the looking.
func (p *fakePod) done() string {
	var lines []string
	for line := range strings.Lines(p.read("log")) {
		if !strings.HasPrefix(line, "pg_ctl status") {
			lines = append(lines, strings.ReplaceAll(strings.TrimSpace(line), p.root, ""))
		}
	}
	return strings.Join(lines, "\n")
}

const (
	coordinatorDir = "greenplum/coordinator/gpseg-1"
	primaryDir     = "greenplum/primary/gpseg0"
)

// A coordinator comes back only where gpk wants it, and only while no other one answers: two that take writes would be the
// end of the data.
func TestKeepRestartsCoordinator(t *testing.T) {
	const restarted = "gpstart"
	tests := map[string]struct {
		state map[string]string
		want  string
		says  string
	}{
		"it is the acting one": {map[string]string{"gpk/state/coordinator": "demo-coordinator-0"}, restarted, ""},
		"the other one is":     {map[string]string{"gpk/state/coordinator": "demo-coordinator-1"}, "", "the acting coordinator is to be in pod 'demo-coordinator-1'"},
		"nobody has decided":   {nil, "", "stays down"},
		"it is decided later":  {map[string]string{"gpk/state/later/coordinator": "demo-coordinator-0"}, restarted, ""},
		"a later one is awaited": {map[string]string{"gpk/state/coordinator": "demo-coordinator-1", "gpk/state/term": "6", "greenplum/.gpk/term": "7",
			"gpk/state/later/coordinator": "demo-coordinator-0", "gpk/state/later/term": "9"}, restarted, ""},
		"a stop is awaited": {map[string]string{"gpk/state/coordinator": "demo-coordinator-0", "gpk/state/database": "running", "gpk/state/term": "6",
			"greenplum/.gpk/term": "7", "gpk/state/later/database": "stopped", "gpk/state/later/term": "7"}, "", "to be stopped"},
		"a start is awaited": {map[string]string{"gpk/state/coordinator": "demo-coordinator-0", "gpk/state/database": "stopped", "gpk/state/term": "6",
			"greenplum/.gpk/term": "7", "gpk/state/later/database": "running", "gpk/state/later/term": "7"}, restarted, ""},
		"a start of a standby is awaited": {map[string]string{coordinatorDir + "/standby.signal": "", "gpk/state/coordinator": "demo-coordinator-1", "gpk/state/term": "6",
			"gpk/state/database": "stopped", "greenplum/.gpk/term": "7", "gpk/state/later/database": "running", "gpk/state/later/term": "7"}, "start dispatch", ""},
		"the other one answers": {map[string]string{"gpk/state/coordinator": "demo-coordinator-0", "answers/demo-coordinator-1.demo.alive": "1\n"}, "", "the other coordinator answers"},
		"the other one has a certificate that is not known": {map[string]string{"gpk/state/coordinator": "demo-coordinator-0",
			"answers/demo-coordinator-1.demo.refusal": "psql: error: SSL error: certificate verify failed\n"}, "", "the other coordinator answers"},
		"the other one is a standby whose certificate is not known": {map[string]string{"gpk/state/coordinator": "demo-coordinator-0",
			"answers/demo-coordinator-1.demo.refusal": "psql: error: connection failed: SSL error: certificate verify failed\n" +
				"connection failed: FATAL:  the database system is not accepting connections\n"}, restarted, ""},
		"the other one lets nobody in": {map[string]string{"gpk/state/coordinator": "demo-coordinator-0",
			"answers/demo-coordinator-1.demo.refusal": "psql: FATAL:  no pg_hba.conf entry for host \"10.0.0.1\", SSL off\n"}, "", "the other coordinator answers"},
		"the other one is a standby": {map[string]string{"gpk/state/coordinator": "demo-coordinator-0",
			"answers/demo-coordinator-1.demo.refusal": "psql: FATAL:  the database system is in recovery mode\n"}, restarted, ""},
		"it is to be stopped":          {map[string]string{"gpk/state/coordinator": "demo-coordinator-0", "gpk/state/database": "stopped"}, "", "to be stopped"},
		"a standby":                    {map[string]string{coordinatorDir + "/standby.signal": "", "gpk/state/coordinator": "demo-coordinator-1"}, "start dispatch", ""},
		"a standby of Greenplum 6":     {map[string]string{coordinatorDir + "/recovery.conf": "", "gpk/state/coordinator": "demo-coordinator-1"}, "start dispatch", ""},
		"a standby, and it is stopped": {map[string]string{coordinatorDir + "/standby.signal": "", "gpk/state/database": "stopped"}, "", "to be stopped"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := keepPod(t, "demo-coordinator-0", "0")
			p.write(coordinatorDir+"/log/startup.log", "")
			for file, content := range test.state {
				p.write(file, content)
			}
			r := p.run(nil, "keep.sh")
			got := p.done()
			if strings.HasPrefix(got, "pg_ctl start") && strings.Contains(got, "gp_role=dispatch") {
				got = "start dispatch"
			}
			if got != test.want || !strings.Contains(r.out, test.says) {
				t.Errorf("it did %q and said %q, want %q and %q", got, r.out, test.want, test.says)
			}
		})
	}
	// Somebody has started it while its pod waited, and the pod watches over it from then on.
	started := keepPod(t, "demo-coordinator-0", "2")
	started.write(coordinatorDir+"/log/startup.log", "")
	started.write("gpk/state/coordinator", "demo-coordinator-1")
	started.write("gpk/state/term", "6")
	started.write("greenplum/.gpk/term", "7")
	started.fake("sleep", `case $1 in
  1) touch `+started.path(coordinatorDir+"/running")+` ;;
  5) echo 8 >`+started.path("gpk/state/term")+`; n=$(cat "$LOOKS"); [ "$n" -gt 0 ] || exit 1; echo $((n - 1)) >"$LOOKS" ;;
esac`)
	if r := started.run(nil, "keep.sh"); !strings.HasPrefix(started.done(), "pg_ctl stop") {
		t.Errorf("it did %q and said %q", started.done(), r.out)
	}
	fresh := keepPod(t, "demo-coordinator-0", "0")
	fresh.remove("greenplum/.gpk/initialised")
	fresh.write(coordinatorDir+"/PG_VERSION", "12\n")
	fresh.write("gpk/state/coordinator", "demo-coordinator-0")
	if fresh.run(nil, "keep.sh"); fresh.done() != "" {
		t.Errorf("before gpinitsystem was done: %q", fresh.done())
	}
}

// A segment comes back as the catalogue has it, whichever coordinator knows.
func TestKeepRestartsSegment(t *testing.T) {
	tests := map[string]struct {
		row, knows string
		follows    bool
		starts     bool
	}{
		"a primary":                        {"p|u", "demo-coordinator-0.demo", false, true},
		"after a failover":                 {"p|u", "demo-coordinator-1.demo", false, true},
		"a mirror":                         {"m|u", "demo-coordinator-0.demo", true, true},
		"a mirror that is down":            {"m|d", "demo-coordinator-0.demo", true, true},
		"a primary whose mirror took over": {"m|d", "demo-coordinator-0.demo", false, false},
		"a primary that is marked as down": {"p|d", "demo-coordinator-0.demo", false, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := keepPod(t, "demo-primary-0", "0")
			p.write(primaryDir+"/postgresql.conf", "# port = 1\nport = 40000\n")
			p.write(primaryDir+"/log/startup.log", "")
			p.write("answers/"+test.knows+".row", test.row+"\n")
			if test.follows {
				p.write(primaryDir+"/standby.signal", "")
			}
			r := p.run(nil, "keep.sh")
			started := strings.Contains(p.done(), "pg_ctl start -D /"+primaryDir) && strings.Contains(p.done(), "gp_role=execute")
			if started != test.starts || !test.starts && (p.done() != "" || !strings.Contains(r.out, "stays down")) {
				t.Errorf("it did %q and said %q", p.done(), r.out)
			}
		})
	}
}

// While the database is to be stopped a segment stays down, also where a coordinator that is about to be stopped still answers.
func TestKeepWaitsWithSegment(t *testing.T) {
	p := keepPod(t, "demo-primary-0", "0")
	p.write(primaryDir+"/postgresql.conf", "port = 40000\n")
	p.write(primaryDir+"/log/startup.log", "")
	p.write("answers/demo-coordinator-0.demo.row", "p|u\n")
	p.write("gpk/state/database", "stopped")
	p.write("gpk/state/later/database", "running")
	r := p.run(nil, "keep.sh")
	if _, err := os.Stat(p.path("gpk/state/later")); err == nil {
		t.Error("it did not wait")
	}
	if !strings.Contains(r.out, "gpk start starts the instance in") || !strings.Contains(p.done(), "pg_ctl start -D /"+primaryDir) {
		t.Errorf("it did %q and said %q", p.done(), r.out)
	}
}

// What runs and must not, because its other copy acts now, is stopped at once; what may run is left alone.
func TestKeepStopsStrays(t *testing.T) {
	tests := map[string]struct {
		dir   string
		state map[string]string
		stops bool
	}{
		"the acting coordinator": {coordinatorDir, map[string]string{"gpk/state/coordinator": "demo-coordinator-0"}, false},
		"a replaced coordinator": {coordinatorDir, map[string]string{"gpk/state/coordinator": "demo-coordinator-1"}, true},
		"nobody has decided":     {coordinatorDir, nil, false},
		"activated by a decision that this pod does not see yet": {coordinatorDir,
			map[string]string{"gpk/state/coordinator": "demo-coordinator-1", "gpk/state/term": "6", "greenplum/.gpk/term": "7"}, false},
		"halted by a decision that this pod does not see yet": {coordinatorDir,
			map[string]string{"gpk/state/coordinator": "demo-coordinator-0", "gpk/state/term": "6", "greenplum/.gpk/term": "7", "greenplum/.gpk/halted": "7"}, true},
		"halted, and to act again by a later decision": {coordinatorDir,
			map[string]string{"gpk/state/coordinator": "demo-coordinator-1", "gpk/state/term": "6", "greenplum/.gpk/term": "9", "greenplum/.gpk/halted": "7"}, false},
		"halted once, and acting by a decision that it sees": {coordinatorDir,
			map[string]string{"gpk/state/coordinator": "demo-coordinator-0", "gpk/state/term": "9", "greenplum/.gpk/term": "9", "greenplum/.gpk/halted": "7"}, false},
		"replaced by a later decision": {coordinatorDir,
			map[string]string{"gpk/state/coordinator": "demo-coordinator-1", "gpk/state/term": "8", "greenplum/.gpk/term": "7"}, true},
		"replaced, and never activated by one": {coordinatorDir, map[string]string{"gpk/state/coordinator": "demo-coordinator-1", "gpk/state/term": "8"}, true},
		"the standby":                          {coordinatorDir, map[string]string{"gpk/state/coordinator": "demo-coordinator-1", coordinatorDir + "/standby.signal": ""}, false},
		"a primary":                            {primaryDir, map[string]string{"mirror-accepts": "", "answers/demo-coordinator-0.demo.row": "p|u\n"}, false},
		"a replaced primary":                   {primaryDir, map[string]string{"mirror-accepts": "", "answers/demo-coordinator-0.demo.row": "m|d\n"}, true},
		"nobody knows of its mirror":           {primaryDir, map[string]string{"mirror-accepts": ""}, false},
		"its mirror does not accept":           {primaryDir, map[string]string{"answers/demo-coordinator-0.demo.row": "m|d\n"}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := keepPod(t, "demo-coordinator-0", "2")
			p.remove("greenplum/.gpk/initialised")
			p.write(test.dir+"/running", "")
			p.write(test.dir+"/postgresql.conf", "port=40000\n")
			p.write("answers/demo-coordinator-0.demo.peer", "demo-mirror-0.demo 50000\n")
			for file, content := range test.state {
				p.write(file, content)
			}
			p.run(nil, "keep.sh")
			if stopped := strings.Contains(p.done(), "pg_ctl stop -D /"+test.dir+" -m immediate"); stopped != test.stops || p.has(test.dir+"/running") == test.stops {
				t.Errorf("it did %q", p.done())
			}
		})
	}
}

// A coordinator that has a standby stops itself when it reaches neither the API server, nor the standby, nor more than half of
// the hosts, at three looks: its standby may have been activated where they are. Any of these keeps it going.
func TestKeepStopsCoordinatorThatIsCutOff(t *testing.T) {
	const away, here = "1", "0"
	tests := map[string]struct {
		api, reached, looks string
		lone, stops         bool
	}{
		"cut off":                        {away, "1 4", "3", false, true},
		"cut off with half of the hosts": {away, "2 4", "3", false, true},
		"at two looks only":              {away, "1 4", "2", false, false},
		"most hosts answer":              {away, "3 4", "4", false, false},
		"the API server answers":         {here, "1 4", "4", false, false},
		"the standby answers":            {away, "standby", "4", false, false},
		"it has no standby":              {away, "1 4", "4", true, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := keepPod(t, "demo-coordinator-0", test.looks)
			p.write(coordinatorDir+"/running", "")
			p.write(coordinatorDir+"/log/startup.log", "")
			p.write("gpk/state/coordinator", "demo-coordinator-0")
			p.write("gpk/scripts/hosts.sh", `case $1 in
  api) exit `+test.api+` ;;
  count) echo `+test.reached+` ;;
  reach) [ "`+test.reached+`" = standby ] ;;
esac`)
			if test.lone {
				p.env = append(p.env, "GPK_COORDINATORS=demo-coordinator-0.demo")
			}
			r := p.run(nil, "keep.sh")
			if stopped := strings.Contains(p.done(), "pg_ctl stop -D /"+coordinatorDir+" -m immediate"); stopped != test.stops {
				t.Errorf("it did %q and said %q", p.done(), r.out)
			}
		})
	}
}
