//go:build linux

package main

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"gpk/test/bench/internal/build"
)

// benchUnderTest is the command, and the folder of the instance it is tested on.
type benchUnderTest struct{ binary, dir string }

func newBenchUnderTest(t *testing.T) benchUnderTest {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "bench")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	b := benchUnderTest{binary: binary, dir: t.TempDir()}
	b.run(t, "build") // so that up is timed without
	return b
}

func (b benchUnderTest) command(args ...string) (string, error) {
	out, err := exec.Command(b.binary, append(args, "--dir", b.dir)...).CombinedOutput()
	return string(out), err
}

func (b benchUnderTest) run(t *testing.T, args ...string) {
	t.Helper()
	begin := time.Now()
	out, err := b.command(args...)
	t.Logf("bench %s (%.1f s)\n%s", strings.Join(args, " "), time.Since(begin).Seconds(), out)
	if err != nil {
		t.Fatalf("bench %s: %v", strings.Join(args, " "), err)
	}
}

func (b benchUnderTest) fail(t *testing.T, args ...string) string {
	t.Helper()
	out, err := b.command(args...)
	if err == nil {
		t.Fatalf("bench %s succeeds:\n%s", strings.Join(args, " "), out)
	}
	return out
}

// killUp kills an up that has just begun.
func (b benchUnderTest) killUp(t *testing.T, after time.Duration) {
	t.Helper()
	up := exec.Command(b.binary, "up", "--dir", b.dir)
	if err := up.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(after)
	if err := up.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = up.Wait() // killed
}

// killMachine kills a machine's init, found as a person would: in the status.
func (b benchUnderTest) killMachine(t *testing.T, name string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(b.dir, "run", "state.json"))
	if err != nil {
		t.Fatal(err)
	}
	var state struct {
		Machines map[string]struct{ PID int } `json:"machines"`
	}
	if err := json.Unmarshal(data, &state); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(state.Machines[name].PID, syscall.SIGKILL); err != nil {
		t.Fatalf("kill %s: %v", name, err)
	}
}

// killEverything kills whatever is in the instance's control groups, in no order.
func (b benchUnderTest) killEverything(t *testing.T) {
	t.Helper()
	for _, pid := range b.processes(t) {
		_ = syscall.Kill(pid, syscall.SIGKILL) // some die of another's death
	}
}

func (b benchUnderTest) processes(t *testing.T) []int {
	t.Helper()
	status, err := b.command("status")
	if err != nil {
		t.Fatalf("status: %v\n%s", err, status)
	}
	var pids []int
	for _, group := range groupsOfInits(t, b.dir) {
		err := filepath.WalkDir(group, func(path string, _ os.DirEntry, err error) error {
			if filepath.Base(path) != "cgroup.procs" || err != nil {
				return err
			}
			data, err := os.ReadFile(path)
			for field := range strings.FieldsSeq(string(data)) {
				if pid, err := strconv.Atoi(field); err == nil {
					pids = append(pids, pid)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(pids) < 10 {
		t.Fatalf("a whole bench has more than %d processes", len(pids))
	}
	return pids
}

// groupsOfInits finds the instance's control groups by where its control
// plane's init is: PATH/control/init.
func groupsOfInits(t *testing.T, dir string) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "run", "state.json"))
	if err != nil {
		t.Fatal(err)
	}
	var state struct {
		Machines map[string]struct{ PID int } `json:"machines"`
	}
	if err := json.Unmarshal(data, &state); err != nil {
		t.Fatal(err)
	}
	data, err = os.ReadFile(filepath.Join("/proc", strconv.Itoa(state.Machines["control"].PID), "cgroup"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		instance := filepath.Dir(filepath.Dir(parts[2]))
		for _, root := range []string{"/sys/fs/cgroup/pids", "/sys/fs/cgroup"} {
			if _, err := os.Stat(root + instance + "/control/cgroup.procs"); err == nil && instance != "/" {
				return []string{root + instance}
			}
		}
	}
	t.Fatal("the control plane's init is in no group of its own")
	return nil
}

const busyboxReference = "bench.test/busybox:1"

// busyboxImage makes an image of Debian's static busybox.
func busyboxImage(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat("/bin/busybox"); err != nil {
		if err := build.Install(t.Context(), []string{"busybox-static"}); err != nil {
			t.Fatal(err)
		}
	}
	program, err := os.ReadFile("/bin/busybox")
	if err != nil {
		t.Fatal(err)
	}
	var files bytes.Buffer
	w := tar.NewWriter(&files)
	write := func(h *tar.Header, content []byte) {
		h.Size = int64(len(content))
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	write(&tar.Header{Name: "bin/", Typeflag: tar.TypeDir, Mode: 0o755}, nil)
	write(&tar.Header{Name: "bin/busybox", Mode: 0o755}, program)
	for _, applet := range []string{"sh", "id", "nc", "nslookup", "cat", "ls", "stat", "sleep", "hostname"} {
		write(&tar.Header{Name: "bin/" + applet, Typeflag: tar.TypeSymlink, Linkname: "busybox"}, nil)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(files.Bytes())), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "busybox.tar")
	if err := build.WriteImage(path, busyboxReference, layer, v1.Config{}); err != nil {
		t.Fatal(err)
	}
	return path
}
