package templates_test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// jobPod is a pod with a name for a job that no other process of this machine has in its environment.
func jobPod(t *testing.T) (*fakePod, string) {
	t.Helper()
	return newPod(t), fmt.Sprintf("job-%d-%d", os.Getpid(), rand.Int64())
}

func archive(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var buffer bytes.Buffer
	writer := tar.NewWriter(&buffer)
	for name, content := range files {
		if err := writer.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(writer, content); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

// await waits until the job is in a state that begins so.
func await(p *fakePod, job, state string) string {
	p.t.Helper()
	var got string
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if got = strings.TrimSpace(p.must(nil, "job.sh", "state", job)); strings.HasPrefix(got, state) {
			return got
		}
	}
	p.t.Fatalf("the job is %q, want %q", got, state)
	return ""
}

// pidOf is the process that the job has noted as its own.
func pidOf(p *fakePod, job string) int {
	p.t.Helper()
	first, _, _ := strings.Cut(p.read("greenplum/.gpk/jobs/"+job+"/pid"), " ")
	pid, err := strconv.Atoi(first)
	if err != nil {
		p.t.Fatal(err)
	}
	return pid
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

func TestJobRuns(t *testing.T) {
	p, job := jobPod(t)
	if got := p.must(nil, "job.sh", "state", job); got != "absent\n" {
		t.Fatalf("before it is started: %q", got)
	}
	// The files are where the utility starts, the words arrive as they are, and the environment is Greenplum's.
	p.must(archive(t, map[string]string{"input.conf": "a=1\n"}), "job.sh", "start", job, "bash", "-c",
		`cat input.conf; echo "$1|$COORDINATOR_DATA_DIRECTORY|$PGPORT|$FROM_GREENPLUM_PATH"; echo to standard error >&2; read -r || echo no input; exit 7`,
		"x", "it's  \"two\" $words")
	if got := await(p, job, "exited"); got != "exited 7" {
		t.Errorf("the state is %q", got)
	}
	want := "a=1\nit's  \"two\" $words|" + p.path("greenplum/coordinator/gpseg-1") + "|5432|yes\nto standard error\nno input\n"
	for _, args := range [][]string{{"tail", job}, {"follow", job, "0"}} {
		if got := p.must(nil, "job.sh", args...); got != want {
			t.Errorf("%s: %q, want %q", args[0], got, want)
		}
	}
	for offset := range len(want) + 1 {
		if offset%17 != 0 && offset != len(want) {
			continue
		}
		if got := p.must(nil, "job.sh", "follow", job, strconv.Itoa(offset)); got != want[offset:] {
			t.Errorf("from byte %d: %q, want %q", offset, got, want[offset:])
		}
	}
}

// follow ends with the job, and has then told all of the log.
func TestJobFollow(t *testing.T) {
	p, job := jobPod(t)
	p.must(archive(t, nil), "job.sh", "start", job, "bash", "-c", "for i in {1..40}; do echo $i; sleep 0.02; done; echo -n end")
	r := p.run(nil, "job.sh", "follow", job, "0")
	if !strings.HasPrefix(r.out, "1\n2\n") || !strings.HasSuffix(r.out, "40\nend") {
		t.Errorf("followed %q", r.out)
	}
	if r.status != 0 || r.err != "exited 0\n" {
		t.Errorf("the state at the end is %q, exit status %d", r.err, r.status)
	}
	await(p, job, "exited 0")
}

// A job is not started beside itself, and what runs is not touched.
func TestJobStartRefusesWhileRunning(t *testing.T) {
	p, job := jobPod(t)
	p.must(archive(t, nil), "job.sh", "start", job, "sleep", "60")
	pid := pidOf(p, job)
	defer kill(t, -pid)
	since := await(p, job, "running")
	if _, err := time.Parse("running 2006-01-02T15:04:05Z", since); err != nil {
		t.Errorf("the state is %q: %v", since, err)
	}
	again := p.run(archive(t, map[string]string{"other": ""}), "job.sh", "start", job, "echo", "twice")
	if again.status != 3 || !strings.Contains(again.err, "is running already") {
		t.Errorf("exit status %d: %s", again.status, again.err)
	}
	if pidOf(p, job) != pid || p.has("greenplum/.gpk/jobs/"+job+"/other") {
		t.Error("the second start changed the first one's folder")
	}
	await(p, job, "running")
}

// Two starts at once find that the job does not run, and only one of them runs the utility: whether there was a job before or not.
func TestJobStartsOnce(t *testing.T) {
	for _, ends := range []string{"sleep 2", "true"} {
		p, job := jobPod(t)
		p.fake("utility", "echo $$ >>"+p.path("ran")+"; "+ends)
		p.fake("tar", "/bin/sleep 1; exec /bin/tar \"$@\"")
		for runs := 1; runs <= 2; runs++ {
			statuses := make(chan result, 2)
			for range 2 {
				go func() {
					statuses <- p.run(archive(t, map[string]string{"input": "x"}), "job.sh", "start", job, "utility")
				}()
			}
			one, other := <-statuses, <-statuses
			if one.status+other.status != 3 || !strings.Contains(one.err+other.err, "is running already") {
				t.Errorf("%+v and %+v", one, other)
			}
			await(p, job, "exited 0")
			if ran := strings.Count(p.read("ran"), "\n"); ran != runs {
				t.Errorf("it ran %d times, want %d", ran, runs)
			}
		}
		if left, err := filepath.Glob(p.path("greenplum/.gpk/jobs/.new*")); err != nil || len(left) != 0 {
			t.Errorf("left behind: %q, %v", left, err)
		}
	}
}

// Somebody killed only the wrapper: the utility goes on, and the job with it.
func TestJobWrapperKilled(t *testing.T) {
	p, job := jobPod(t)
	p.fake("utility", "echo begun; while ! [ -e finish ]; do sleep 0.05; done")
	p.must(archive(t, nil), "job.sh", "start", job, "utility")
	for !strings.Contains(p.must(nil, "job.sh", "tail", job), "begun") {
		time.Sleep(20 * time.Millisecond)
	}
	kill(t, pidOf(p, job))
	for range 5 {
		await(p, job, "running")
		time.Sleep(20 * time.Millisecond)
	}
	if again := p.run(archive(t, nil), "job.sh", "start", job, "utility"); again.status != 3 {
		t.Errorf("it was started beside itself: exit status %d: %s", again.status, again.err)
	}
	p.write("greenplum/.gpk/jobs/"+job+"/finish", "")
	await(p, job, "lost")
}

// All of it was killed: nobody knows how far it came.
func TestJobLost(t *testing.T) {
	p, job := jobPod(t)
	p.must(archive(t, nil), "job.sh", "start", job, "sleep", "60")
	kill(t, -pidOf(p, job))
	await(p, job, "lost")
	// A child that is meant to stay, as a database is, keeps no job alive.
	p.must(archive(t, nil), "job.sh", "start", job, "bash", "-c", "setsid sleep 61 & echo $! >child; kill -9 $PPID; exit")
	await(p, job, "lost")
	child, err := strconv.Atoi(strings.TrimSpace(p.read("greenplum/.gpk/jobs/" + job + "/child")))
	if err != nil {
		t.Fatal(err)
	}
	kill(t, child)
}

// After a restart of the container the pid is another process's.
func TestJobPidOfStranger(t *testing.T) {
	p, job := jobPod(t)
	p.must(archive(t, nil), "job.sh", "start", job, "true")
	await(p, job, "exited 0")
	folder := "greenplum/.gpk/jobs/" + job
	if err := os.Remove(p.path(folder + "/status")); err != nil {
		t.Fatal(err)
	}
	p.write(folder+"/pid", fmt.Sprintf("%d 1 2026-01-01T00:00:00Z\n", os.Getpid()))
	await(p, job, "lost")
}

// A job that ended is moved aside with all that is known of it, and not overwritten.
func TestJobKeepsEarlierRuns(t *testing.T) {
	p, job := jobPod(t)
	for i := range 3 {
		p.must(archive(t, nil), "job.sh", "start", job, "bash", "-c", "echo run $0; exit $0", strconv.Itoa(i))
		await(p, job, fmt.Sprintf("exited %d", i))
	}
	earlier, err := filepath.Glob(p.path("greenplum/.gpk/jobs/" + job + ".*"))
	if err != nil || len(earlier) != 2 {
		t.Fatalf("kept %q: %v", earlier, err)
	}
	for i, folder := range earlier {
		log, err := os.ReadFile(filepath.Join(folder, "log"))
		if want := fmt.Sprintf("run %d\n", i); err != nil || string(log) != want {
			t.Errorf("%s holds %q, want %q: %v", folder, log, want, err)
		}
	}
	if got := p.must(nil, "job.sh", "tail", job); got != "run 2\n" {
		t.Errorf("the last run's log is %q", got)
	}
}

// Input that was cut off on its way starts nothing, and leaves an earlier run's result or nothing at all.
func TestJobInputCutOff(t *testing.T) {
	p, job := jobPod(t)
	whole := archive(t, map[string]string{"input.conf": strings.Repeat("a", 3000)})
	for _, length := range []int{0, 100, 512, 1024, 3000} {
		r := p.run(whole[:length], "job.sh", "start", job, "touch", p.path("ran"))
		if r.status == 0 || p.has("ran") {
			t.Fatalf("started with %d of %d bytes of its input: %+v", length, len(whole), r)
		}
		await(p, job, "absent")
	}
	if left, err := filepath.Glob(p.path("greenplum/.gpk/jobs/.new*")); err != nil || len(left) != 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

// A job that cannot even note its pid must not run unknown, and whoever starts it must not wait for ever.
func TestJobCannotBeNoted(t *testing.T) {
	p, job := jobPod(t)
	p.fake("mv", `[ "$1" != pid.new ] || exit 1; exec /bin/mv "$@"`)
	done := make(chan result, 1)
	command := p.command("job.sh", "start", job, "touch", p.path("ran"))
	command.Stdin = bytes.NewReader(archive(t, nil))
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = command.Wait()
		done <- result{status: command.ProcessState.ExitCode()}
	}()
	select {
	case r := <-done:
		if r.status == 0 {
			t.Error("start says that the job runs")
		}
	case <-time.After(10 * time.Second):
		_ = command.Process.Kill()
		t.Error("start waits for a job that never began")
	}
	if p.has("ran") {
		t.Error("the utility ran without a pid by which it is known")
	}
}

func TestJobUnknownVerb(t *testing.T) {
	p, job := jobPod(t)
	if r := p.run(nil, "job.sh", "stop", job); r.status != 2 || !strings.Contains(r.err, "unknown verb: stop") {
		t.Errorf("%+v", r)
	}
}
