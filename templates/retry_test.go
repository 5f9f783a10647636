package templates_test

import (
	"strings"
	"testing"
)

// retryPod is a pod whose instance does not start before "tries" says so; then the test's change comes.
func retryPod(t *testing.T, name, dir, change string) *fakePod {
	t.Helper()
	p := keepPod(t, name, "20")
	p.write(dir+"/postgresql.conf", "port = 40000\n")
	p.write(dir+"/log/startup.log", "No space left on device\n")
	// Looks and pauses share their number, so that none may be faster than a start.
	p.fake("sleep", `/bin/sleep 0.2; echo look >>"$LOOKS.done"; [ $(wc -l <"$LOOKS.done") -le $(cat "$LOOKS") ]`)
	p.fake("pg_ctl", `cd `+p.root+`
case $1 in
  status) [ -e "$3/running" ]; exit ;;
  start) echo "$1" >>log ;;
esac
[ $(grep -c start log) = 3 ] || exit 1
`+change)
	return p
}

// A start can fail for a reason that goes away. Until then it is tried again, as long as what is known of the instance allows it.
func TestKeepTriesAgain(t *testing.T) {
	tests := map[string]struct {
		row, change, says string
		follows           bool
		starts            int
	}{
		"a primary":                        {"p|u", `touch "$3/running"`, "No space left", false, 3},
		"a mirror":                         {"m|d", `touch "$3/running"`, "No space left", true, 3},
		"a primary whose mirror took over": {"p|u", "echo 'm|d' >answers/demo-coordinator-0.demo.row; exit 1", "its mirror took over", false, 3},
		"one that is marked as down":       {"p|u", "echo 'p|d' >answers/demo-coordinator-0.demo.row; exit 1", "has the instance in", false, 3},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := retryPod(t, "demo-primary-0", primaryDir, test.change)
			p.write("answers/demo-coordinator-0.demo.row", test.row+"\n")
			if test.follows {
				p.write(primaryDir+"/standby.signal", "")
			}
			r := p.run(nil, "keep.sh")
			if starts := strings.Count(p.read("log"), "start"); starts != test.starts || !strings.Contains(r.out, test.says) {
				t.Errorf("%d starts, want %d; it says %q", starts, test.starts, r.out)
			}
		})
	}
}

func TestKeepTriesStandbyAgain(t *testing.T) {
	tests := map[string]struct{ change, says string }{
		"until it starts":            {`touch "$3/running"`, "No space left"},
		"until it is to be stopped":  {"echo stopped >gpk/state/database; exit 1", "is to be stopped"},
		"until another is made":      {`mv "$3" "$3.aside"; cp -r "$3.aside" "$3"; exit 1`, ""},
		"until it follows no longer": {`rm "$3/standby.signal"; exit 1`, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := retryPod(t, "demo-coordinator-1", coordinatorDir, test.change)
			p.write(coordinatorDir+"/standby.signal", "")
			p.write("gpk/state/coordinator", "demo-coordinator-0")
			r := p.run(nil, "keep.sh")
			if starts := strings.Count(p.read("log"), "start"); starts != 3 || !strings.Contains(r.out, test.says) {
				t.Errorf("%d starts, want 3; it says %q", starts, r.out)
			}
		})
	}
}

// While gprecoverseg copies into a mirror's directory, nothing starts there.
func TestKeepLeavesCopyAlone(t *testing.T) {
	p := retryPod(t, "demo-primary-0", primaryDir, "")
	p.write(primaryDir+"/standby.signal", "")
	p.write("answers/demo-coordinator-0.demo.row", "m|d\n")
	p.write("looks", "2")
	p.fake("pg_basebackup", "echo up; read -r")
	command := p.command("run.sh", "pg_basebackup", "-D", p.path(primaryDir))
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
	if p.run(nil, "keep.sh"); p.done() != "" {
		t.Errorf("it did %q", p.done())
	}
	_, _ = stdin.Write([]byte("\n"))
	_ = command.Wait()
}

// An instance that does not start keeps nobody from stopping a stray beside it.
func TestKeepWatchesWhileTrying(t *testing.T) {
	p := retryPod(t, "demo-primary-0", primaryDir, "exit 1")
	const stray = "greenplum/primary/gpseg1"
	p.write(stray+"/postgresql.conf", "port = 40001\n")
	p.write(stray+"/log/startup.log", "")
	p.write(stray+"/running", "")
	p.write("mirror-accepts", "")
	p.write("answers/demo-coordinator-0.demo.peer", "demo-mirror-0.demo 50000\n")
	p.fake("psql", `case ${!#} in *m.hostname*) cat "${ANSWERS}demo-coordinator-0.demo.peer" ;; *"port = 40001"*) echo "m|d" ;; *) echo "p|u" ;; esac`)
	p.fake("pg_ctl", `cd `+p.root+`
case $1 in
  status) [ -e "$3/running" ] ;;
  start) exit 1 ;;
  stop) echo "$3" >stopped; rm "$3/running" ;;
esac`)
	keep := p.background("keep.sh")
	p.await("stopped")
	p.write("looks", "0")
	_ = keep.Wait()
	if got := p.read("stopped"); !strings.Contains(got, "gpseg1") {
		t.Errorf("stopped: %q", got)
	}
}
