package templates_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startPod is a pod whose first process is about to run, with a volume that an earlier pod has used. Its sshd runs until the file
// "sshd-ends" is there.
func startPod(t *testing.T) *fakePod {
	t.Helper()
	p := newPod(t)
	for _, name := range []string{"host_key", "id_ed25519", "authorized_keys", "known_hosts", "config"} {
		p.write("gpk/ssh/"+name, "")
	}
	p.write("home/.profile", "")
	p.write(primaryDir+"/postmaster.pid", "1\n")
	p.fake("getent", "echo x:x:1:1::"+p.path("home")+":/bin/bash")
	p.fake("sshd", "touch "+p.path("sshd-runs")+"; until [ -e "+p.path("sshd-ends")+" ]; do sleep 0.05; done")
	p.write("gpk/scripts/keep.sh", "until [ -e "+p.path("sshd-ends")+" ]; do sleep 0.05; done\n")
	p.write("gpk/scripts/instances.sh", "echo $1 >>"+p.path("instances")+"\n")
	t.Cleanup(func() { p.write("sshd-ends", "") })
	return p
}

// first runs start.sh and gives what it says, its end, and whether it ended well.
func (p *fakePod) first() (says *bytes.Buffer, process *os.Process, end func() bool) {
	p.t.Helper()
	says = &bytes.Buffer{}
	command := p.command("start.sh")
	command.Stderr, command.WaitDelay = says, time.Second
	if err := command.Start(); err != nil {
		p.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	return says, command.Process, func() bool {
		select {
		case err := <-ended:
			return err == nil
		case <-time.After(10 * time.Second):
			_ = command.Process.Kill()
			p.t.Error("it does not end")
			return false
		}
	}
}

// otherPod holds the volume as a pod does that was deleted by force and is still ending.
func (p *fakePod) otherPod() (end func()) {
	p.t.Helper()
	lock, err := os.Create(p.path("greenplum/.gpk/lock"))
	if err != nil {
		p.t.Fatal(err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		p.t.Fatal(err)
	}
	return func() { _ = lock.Close() }
}

// Two servers on one data directory would be its end: as long as another pod may run one nothing of the volume is touched.
func TestStartWaitsForOtherPod(t *testing.T) {
	p := startPod(t)
	release := p.otherPod()
	says, process, end := p.first()
	time.Sleep(2500 * time.Millisecond)
	if !p.has(primaryDir+"/postmaster.pid") || p.has("sshd-runs") {
		t.Error("it did not wait")
	}
	release()
	p.await("sshd-runs")
	if p.has(primaryDir + "/postmaster.pid") {
		t.Error("the pid file is still there, though nobody uses the volume")
	}
	if err := process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if !end() || p.read("instances") != "stop\n" || strings.Count(says.String(), "another pod still uses the volume") != 1 {
		t.Errorf("it says %q, and of the instances were asked %q", says, p.read("instances"))
	}
}

// What an earlier container has left in /tmp is of processes that are no more, and a login has the utilities' environment.
func TestStartBeginsAnew(t *testing.T) {
	p := startPod(t)
	p.write("tmp/.s.PGSQL.5432.lock", "1\n")
	p.write("tmp/ssh/connection", "")
	p.remove("home/.profile")
	_, process, end := p.first()
	p.await("sshd-runs")
	if p.has("tmp/.s.PGSQL.5432.lock") || p.has("tmp/ssh/connection") || !p.has("tmp/ssh") || !p.has("tmp/gpk-environment") {
		t.Error("/tmp is not that of a new container")
	}
	if login := p.read("home/.bash_profile"); login != ". ~/.bashrc\n" {
		t.Errorf("a login reads %q", login)
	}
	_ = process.Signal(syscall.SIGTERM)
	end()
}

// The log says who the user is where the pod has no access to its volume or its keys.
func TestStartWithoutAccess(t *testing.T) {
	p := startPod(t)
	p.remove("gpk/ssh/host_key")
	says, _, end := p.first()
	if end() || !strings.Contains(says.String(), "cannot read the keys") || p.has("sshd-runs") {
		t.Errorf("it says %q", says)
	}
}

// The utilities' logs are on the volume also where the image has a folder of them.
func TestStartKeepsLogs(t *testing.T) {
	p := startPod(t)
	p.write("home/gpAdminLogs/gpinitsystem_20200101.log", "of the image\n")
	_, process, end := p.first()
	p.await("sshd-runs")
	if target, err := os.Readlink(p.path("home/gpAdminLogs")); err != nil || target != p.path("greenplum/.gpk/logs") {
		t.Errorf("logs go to %q, %v", target, err)
	}
	if !p.has("home/gpAdminLogs.image/gpinitsystem_20200101.log") {
		t.Error("the image's own logs are gone")
	}
	_ = process.Signal(syscall.SIGTERM)
	end()
}

// A pod that waits ends at once, and leaves the other one's instances alone.
func TestStartWaitingEnds(t *testing.T) {
	p := startPod(t)
	release := p.otherPod()
	defer release()
	_, process, end := p.first()
	time.Sleep(time.Second)
	if err := process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if !end() || time.Since(begun) > 2*time.Second || p.has("instances") || !p.has(primaryDir+"/postmaster.pid") {
		t.Errorf("it ended after %s, and touched the instances: %t", time.Since(begun), p.has("instances"))
	}
}

// The lock is held as long as anything that the first process has started runs, and a container that starts again gets it then.
func TestStartHoldsVolume(t *testing.T) {
	p := startPod(t)
	_, process, end := p.first()
	p.await("sshd-runs")
	free := func() bool { return exec.Command("flock", "-n", p.path("greenplum/.gpk/lock"), "true").Run() == nil }
	if free() {
		t.Error("while it runs another pod gets the volume")
	}
	if err := process.Kill(); err != nil {
		t.Fatal(err)
	}
	end()
	if free() {
		t.Error("while what it has started runs another pod gets the volume")
	}
	p.write("sshd-ends", "")
	for range 100 {
		if free() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Error("nothing runs, and the volume is still held")
}

// Where the volume cannot be locked, the database still runs.
func TestStartWithoutLocks(t *testing.T) {
	p := startPod(t)
	p.fake("flock", "exit 71")
	says, process, end := p.first()
	p.await("sshd-runs")
	if err := process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if !end() || !strings.Contains(says.String(), "cannot lock the volume") {
		t.Errorf("it says %q", says)
	}
}

// A signal that comes before anything runs is not lost, and instances are stopped also where sshd ends, or keep.sh, without which
// nothing fences a coordinator that is cut off.
func TestStartEnds(t *testing.T) {
	early := startPod(t)
	early.write("gphome/greenplum_path.sh", "touch "+early.path("begun")+"; sleep 1\n")
	_, process, end := early.first()
	early.await("begun")
	if err := process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if !end() || early.has("sshd-runs") || early.has("instances") {
		t.Error("it did not end before anything ran")
	}
	for ends, words := range map[string]struct{ sshd, keep string }{"sshd": {"exit 1", "exec /bin/sleep 60"}, "keep.sh": {"exec /bin/sleep 60", "exit 1"}} {
		broken := startPod(t)
		broken.fake("sshd", words.sshd)
		broken.write("gpk/scripts/keep.sh", words.keep+"\n")
		says, _, end := broken.first()
		if end() || broken.read("instances") != "stop\n" || !strings.HasSuffix(says.String(), "gpk: "+ends+" ended\n") {
			t.Errorf("%s: it says %q, and of the instances were asked %q", ends, says, broken.read("instances"))
		}
	}
}

// gpk says what an image lacks before a pod of it stumbles.
func TestImageLacks(t *testing.T) {
	p := newPod(t)
	programs, err := filepath.Glob("/usr/bin/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, program := range programs {
		if name := filepath.Base(program); name != "flock" {
			if err := os.Symlink(program, p.path("bin/"+name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	p.env = append(p.env, "PATH="+p.path("bin"))
	if out := p.must(nil, "image.sh", "C"); !strings.Contains(out, "missing flock\n") || strings.Contains(out, "missing setsid\n") {
		t.Errorf("%q", out)
	}
}

// Without an installation nothing runs, and the pod's log names the scripts and where they were looked for.
func TestStartWithoutInstallation(t *testing.T) {
	for name, words := range map[string]string{"": "in the usual places", "srv/db": "in "} {
		p := startPod(t)
		p.without("GPHOME")
		if name != "" {
			words += p.path(name)
			p.env = append(p.env, "GPHOME="+p.path(name))
			p.write("usr/local/greenplum-db/greenplum_path.sh", "")
		}
		says, _, end := p.first()
		if end() || p.has("sshd-runs") || !strings.Contains(says.String(), "no greenplum_path.sh, greengage_path.sh or cloudberry-env.sh "+words+";") {
			t.Errorf("GPHOME %q: it says %q", name, says)
		}
	}
}
