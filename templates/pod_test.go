package templates_test

import (
	"bytes"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"gpk/templates"
)

// fakePod is a folder that the in-pod scripts take for a pod: their fixed paths lead into it. bash, tar and the rest are
// the machine's own; the database's programs are fakes, which only note how they were called and do as the test says.
type fakePod struct {
	t    *testing.T
	root string
	env  []string
}

func newPod(t *testing.T) *fakePod {
	t.Helper()
	p := &fakePod{t: t, root: t.TempDir()}
	scripts, err := templates.Scripts()
	if err != nil {
		t.Fatal(err)
	}
	// All in one pass, since the root itself may lie under /tmp.
	paths := strings.NewReplacer("/greenplum/", p.path("greenplum/"), "/gpk/", p.path("gpk/"), "/tmp/", p.path("tmp/"),
		"/etc/resolv.conf", p.path("etc/resolv.conf"), "/dev/shm/", p.path("shm/"), "/usr/local/", p.path("usr/local/"), "/opt/", p.path("opt/"), "/usr/edb/", p.path("usr/edb/"))
	for name, script := range scripts {
		p.write("gpk/scripts/"+name, paths.Replace(script))
	}
	for _, folder := range []string{"tmp", "bin", "shm", "greenplum/.gpk/jobs"} {
		if err := os.MkdirAll(p.path(folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	p.write("gphome/greenplum_path.sh", "export FROM_GREENPLUM_PATH=yes\n")
	p.env = append(os.Environ(), "GPHOME="+p.path("gphome"), "PATH="+p.path("bin")+":"+os.Getenv("PATH"))
	return p
}

// path keeps a slash at the end, where there is one.
func (p *fakePod) path(name string) string {
	joined := filepath.Join(p.root, name)
	if strings.HasSuffix(name, "/") {
		joined += "/"
	}
	return joined
}

func (p *fakePod) write(name, content string) {
	p.t.Helper()
	if err := os.MkdirAll(filepath.Dir(p.path(name)), 0o700); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(p.path(name), []byte(content), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// fake puts a program of the database in the path.
func (p *fakePod) fake(name, script string) {
	p.t.Helper()
	p.write("bin/"+name, "#!/bin/bash\n"+script+"\n")
	if err := os.Chmod(p.path("bin/"+name), 0o700); err != nil {
		p.t.Fatal(err)
	}
}

func (p *fakePod) read(name string) string {
	p.t.Helper()
	data, err := os.ReadFile(p.path(name))
	if err != nil {
		p.t.Fatal(err)
	}
	return string(data)
}

func (p *fakePod) has(name string) bool {
	_, err := os.Lstat(p.path(name))
	return err == nil
}

func (p *fakePod) command(script string, args ...string) *exec.Cmd {
	command := exec.Command("/bin/bash", append([]string{p.path("gpk/scripts/" + script)}, args...)...)
	command.Env = p.env
	command.Dir = p.root
	return command
}

// result is what a script left when it was done.
type result struct {
	out, err string
	status   int
}

func (p *fakePod) run(stdin []byte, script string, args ...string) result {
	p.t.Helper()
	command := p.command(script, args...)
	var out, errs bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(stdin), &out, &errs
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	return result{out.String(), errs.String(), command.ProcessState.ExitCode()}
}

// must runs what has to succeed.
func (p *fakePod) must(stdin []byte, script string, args ...string) string {
	p.t.Helper()
	r := p.run(stdin, script, args...)
	if r.status != 0 {
		p.t.Fatalf("%s %q: exit status %d: %s", script, args, r.status, r.err)
	}
	return r.out
}

func (p *fakePod) remove(name string) {
	p.t.Helper()
	if err := os.Remove(p.path(name)); err != nil {
		p.t.Fatal(err)
	}
}

// listen is a server on loopback that answers one connection after another; it returns its port.
func listen(t *testing.T, answer func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			answer(connection)
		}
	}()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}
