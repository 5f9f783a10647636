package templates_test

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

// haltPod is a pod in which keep.sh is about to start the acting coordinator.
func haltPod(t *testing.T, gpstart string) *fakePod {
	t.Helper()
	p := keepPod(t, "demo-coordinator-0", "3")
	p.write(coordinatorDir+"/log/startup.log", "")
	p.write("gpk/state/coordinator", "demo-coordinator-0")
	p.write("gpk/state/term", "6")
	p.fake("gpstart", "cd "+p.root+"\necho gpstart >>log\n"+gpstart)
	return p
}

func (p *fakePod) background(script string) *exec.Cmd {
	p.t.Helper()
	command := p.command(script)
	if err := command.Start(); err != nil {
		p.t.Fatal(err)
	}
	return command
}

func (p *fakePod) await(file string) {
	p.t.Helper()
	for range 500 {
		if p.has(file) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	p.t.Fatalf("%s is not there", file)
}

// A gpstart that is in the middle when gpk halts the coordinator must not bring it up beside its successor, and is not tried again.
func TestHaltEndsStart(t *testing.T) {
	for name, gpstart := range map[string]string{
		"gpstart":              "touch begun; /bin/sleep 2; touch " + coordinatorDir + "/running",
		"a server's beginning": "touch begun; bash -c '/bin/sleep 2; touch " + coordinatorDir + "/running' pg_ctl -D $PWD/" + coordinatorDir + " start & wait",
	} {
		t.Run(name, func(t *testing.T) {
			p := haltPod(t, gpstart)
			other := exec.Command("bash", "-c", "read -r; true", "gpstart", "-a")
			stdin, err := other.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := other.Start(); err != nil {
				t.Fatal(err)
			}
			keep := p.background("keep.sh")
			p.await("begun")
			p.must(nil, "coordinator.sh", "halt", "fast", "7")
			if p.read("greenplum/.gpk/term") != "7\n" || p.read("greenplum/.gpk/halted") != "7\n" {
				t.Error("the term is not noted")
			}
			time.Sleep(2500 * time.Millisecond)
			p.write("gpk/state/coordinator", "demo-coordinator-1")
			p.write("gpk/state/term", "7")
			_ = keep.Wait()
			if p.has(coordinatorDir+"/running") || p.done() != "gpstart" {
				t.Errorf("it runs: %t; done: %q", p.has(coordinatorDir+"/running"), p.done())
			}
			_, _ = stdin.Write([]byte("\n"))
			if err := other.Wait(); err != nil {
				t.Errorf("a stranger was ended: %v", err)
			}
		})
	}
}

// Whoever comes with an older term has been overtaken by a later decision, by which the coordinator here may be to act.
func TestOlderTermIsRefused(t *testing.T) {
	p := haltPod(t, "")
	p.write(coordinatorDir+"/running", "")
	p.must(nil, "coordinator.sh", "term", "9")
	for _, args := range [][]string{{"halt", "fast", "7"}, {"term", "8"}} {
		r := p.run(nil, "coordinator.sh", args...)
		if r.status == 0 || !strings.Contains(r.err, "a later decision than this one, of term 9") {
			t.Errorf("%q: %+v", args, r)
		}
	}
	if p.read("greenplum/.gpk/term") != "9\n" || p.has("greenplum/.gpk/halted") || !p.has(coordinatorDir+"/running") {
		t.Error("an older decision was carried out")
	}
	if p.must(nil, "coordinator.sh", "halt", "fast", "9"); p.has(coordinatorDir + "/running") {
		t.Error("the same decision, carried out again, does not stop the instance")
	}
}

// A term that a loss of power has left empty refuses nothing, and a pod that waits for its volume has stopped nothing.
func TestHaltOnVolume(t *testing.T) {
	p := haltPod(t, "")
	p.write(coordinatorDir+"/running", "")
	p.write("greenplum/.gpk/term", "")
	p.write("tmp/gpk-waits", "")
	if r := p.run(nil, "coordinator.sh", "halt", "fast", "9"); r.status != 255 || !p.has(coordinatorDir+"/running") {
		t.Errorf("while another pod has the volume: %+v", r)
	}
	p.remove("tmp/gpk-waits")
	if p.must(nil, "coordinator.sh", "halt", "fast", "9"); p.has(coordinatorDir+"/running") || p.read("greenplum/.gpk/term") != "9\n" {
		t.Error("it is not halted")
	}
}

// While gpstart goes on, which has the coordinator take writes before it is done, it is fenced as at any other time.
func TestFencedWhileStarting(t *testing.T) {
	p := haltPod(t, "touch "+coordinatorDir+"/running cut begun; for i in {1..80}; do [ ! -e over ] || exit; /bin/sleep 0.1; done; touch late")
	p.write("looks", "10")
	p.write("gpk/scripts/hosts.sh", `[ "$1" != count ] || echo 1 4; [ ! -e `+p.path("cut")+" ]\n")
	keep := p.background("keep.sh")
	p.await("begun")
	_ = keep.Wait()
	if p.has(coordinatorDir+"/running") || p.has("late") || strings.Count(p.done(), "gpstart") != 1 {
		t.Errorf("it runs: %t, gpstart went on: %t; done: %q", p.has(coordinatorDir+"/running"), p.has("late"), p.done())
	}
}

// A gpstart that is in the middle when the database is to be stopped must not bring it up afterwards.
func TestInstancesStopEndsStart(t *testing.T) {
	p := haltPod(t, "touch begun; /bin/sleep 2; touch "+coordinatorDir+"/running")
	begin := p.command("coordinator.sh", "begin")
	if err := begin.Start(); err != nil {
		t.Fatal(err)
	}
	p.await("begun")
	p.must(nil, "instances.sh", "stop")
	if err := begin.Wait(); err == nil || p.has(coordinatorDir+"/running") {
		t.Error("gpstart went on")
	}
}

// What gpk decides while the database's start fails and is tried again is obeyed.
func TestKeepObeysWhileStarting(t *testing.T) {
	tests := map[string]struct{ change, says string }{
		"a stop":                       {"echo stopped >gpk/state/database", "the database is to be stopped"},
		"another coordinator":          {"echo demo-coordinator-1 >gpk/state/coordinator", "is to be in pod 'demo-coordinator-1'"},
		"another coordinator, to come": {"echo 7 >greenplum/.gpk/term; mkdir later; echo 7 >later/term; echo demo-coordinator-1 >later/coordinator; mv later gpk/state/", "is to be in pod 'demo-coordinator-1'"},
		"another one that answers":     {"echo 1 >answers/demo-coordinator-1.demo.alive", "the other coordinator answers"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := haltPod(t, "[ $(wc -l <log) -lt 30 ] || kill $PPID\n"+test.change+"\nexit 1")
			r := p.run(nil, "keep.sh")
			if p.done() != "gpstart" || !strings.Contains(r.out, test.says) {
				t.Errorf("it did %q and said %q", p.done(), r.out)
			}
		})
	}
}

// Between the look at what is decided and the start itself gpk may have decided otherwise.
func TestCoordinatorBegins(t *testing.T) {
	tests := map[string]struct {
		file, content string
		begins        bool
	}{
		"as decided":      {"gpk/state/database", "running", true},
		"to be stopped":   {"gpk/state/database", "stopped", false},
		"halted":          {"greenplum/.gpk/term", "7", false},
		"another is":      {"gpk/state/coordinator", "demo-coordinator-1", false},
		"nobody decided":  {"gpk/state/coordinator", "", false},
		"a term it knows": {"greenplum/.gpk/term", "6", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := haltPod(t, "")
			p.write(test.file, test.content)
			if p.run(nil, "coordinator.sh", "begin"); (p.done() == "gpstart") != test.begins {
				t.Errorf("it did %q", p.done())
			}
		})
	}
}
