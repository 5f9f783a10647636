package templates_test

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
)

// sshRunsHere is an ssh to hosts that are all this machine.
const sshRunsHere = `while [ "$1" = -o ]; do shift 2; done
host=$1
shift
[ "$host" != silent ] || { echo "ssh: connect to host silent port 22: Connection refused" >&2; exit 255; }
echo "$host $3" >>"$LOG"
exec "$@"`

// sshdNotes keeps the place of an sshd, which writes its pid when it listens. It cannot listen on port 1.
const sshdNotes = `echo "sshd $*" >>"$LOG"
case "$*" in *'-p 1 '* | *'-p 1') echo "Bind to port 1 failed"; exit 255 ;; esac
for word; do case $word in PidFile=*) echo $$ >"${word#PidFile=}" ;; esac; done
trap 'rm -f "${pid_file:-}"; exit 0' TERM
while :; do sleep 0.1; done`

func portsPod(t *testing.T) *fakePod {
	t.Helper()
	p := newPod(t)
	p.env = append(p.env, "LOG="+p.path("log"), "HOME="+p.root)
	p.fake("ssh", sshRunsHere)
	p.fake("sshd", sshdNotes)
	return p
}

// The order matters: everybody listens before anybody connects, and is mute again before gpinitsystem wants the ports.
func TestPortsTry(t *testing.T) {
	p := portsPod(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	open := listener.Addr().(*net.TCPAddr).Port
	// A port that was open a moment ago and is free now.
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := gone.Addr().(*net.TCPAddr).Port
	_ = gone.Close()

	in := fmt.Sprintf("listen 127.0.0.1 %d\nlisten 127.0.0.1 %d\nconnect one 127.0.0.1 %d\nconnect one 127.0.0.1 %d\nconnect silent 127.0.0.1 %d\n",
		open, closed, open, closed, open)
	lines := strings.Split(strings.TrimSpace(p.must([]byte(in), "ports.sh", "try")), "\n")
	if lines[len(lines)-1] != "end" {
		t.Errorf("the last line is not the end: %q", lines)
	}
	slices.Sort(lines)
	want := []string{"end", "fault silent ssh: connect to host silent port 22: Connection refused",
		fmt.Sprintf("no one 127.0.0.1 %d Connection refused", closed), fmt.Sprintf("ok one 127.0.0.1 %d", open)}
	if !slices.Equal(lines, want) {
		t.Errorf("got %q, want %q", lines, want)
	}
	log := strings.Split(strings.TrimSpace(p.read("log")), "\n")
	if len(log) != 4 || log[0] != "127.0.0.1 listen" || !strings.HasSuffix(log[1], fmt.Sprintf("-p %d -p %d", open, closed)) ||
		log[2] != "one connect" || log[3] != "127.0.0.1 mute" {
		t.Errorf("in this order: %q", log)
	}
	if p.has("tmp/gpk-listen.pid") {
		t.Error("something still listens")
	}
}

// Of many connections each has its answer.
func TestPortsConnect(t *testing.T) {
	p := portsPod(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	lines := []string{
		fmt.Sprintf("ok here 127.0.0.1 %d\n", listener.Addr().(*net.TCPAddr).Port), "no here 127.0.0.1 1 Connection refused\n",
	}
	var in strings.Builder
	for range 50 {
		for _, line := range lines {
			fields := strings.Fields(line)
			fmt.Fprintln(&in, fields[2], fields[3])
		}
	}
	out := p.must([]byte(in.String()), "ports.sh", "connect", "here")
	for _, line := range lines {
		if got := strings.Count(out, line); got != 50 {
			t.Errorf("%d times %q, want 50: %s", got, line, out)
		}
	}
}

// What answers nothing is given up, and a port is not taken for another one that it begins like.
func TestPortsConnectSilent(t *testing.T) {
	t.Parallel()
	p := portsPod(t)
	// In the place of a network that drops what is sent there.
	p.env = append(p.env, `BASH_FUNC_knock%%=() { [ "$3" = 40 ] && sleep 60; echo "ok $*"; }`)
	p.write("gpk/scripts/ports.sh", strings.Replace(p.read("gpk/scripts/ports.sh"), "knock() {", "real_knock() {", 1))
	out := p.must([]byte("host 40\nhost 400\n"), "ports.sh", "connect", "here")
	if want := "ok here host 400\nno here host 40 no answer within 5 s\n"; out != want {
		t.Errorf("%q, want %q", out, want)
	}
}

func TestPortsCannotListen(t *testing.T) {
	p := portsPod(t)
	out := p.must([]byte("listen here 1\n"), "ports.sh", "try")
	if want := "fault here cannot listen on -p 1: Bind to port 1 failed\nend\n"; out != want {
		t.Errorf("got %q, want %q", out, want)
	}
}

// The pid of a listener that was killed may be a stranger's by now.
func TestPortsMuteSparesStrangers(t *testing.T) {
	p := portsPod(t)
	stranger := p.command("ports.sh", "connect", "nobody")
	in, err := stranger.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	p.write("tmp/gpk-listen.pid", fmt.Sprintln(stranger.Process.Pid))
	p.must(nil, "ports.sh", "mute")
	if p.has("tmp/gpk-listen.pid") {
		t.Error("the pid file is still there")
	}
	_ = in.Close()
	if err := stranger.Wait(); err != nil {
		t.Errorf("the stranger was ended: %v", err)
	}
}

func TestImage(t *testing.T) {
	p := newPod(t)
	for _, name := range []string{"ssh", "sshd", "rsync", "ping", "ps", "which", "netstat", "psql", "pg_ctl", "pg_isready", "pg_basebackup"} {
		p.fake(name, "")
	}
	p.fake("postgres", `case $1 in --gp-version) echo "postgres (Greenplum Database) 7.1.0 build commit:local" ;; --catalog-version) echo "Catalog version number: 302305251" ;;
  -D) [ -f "$2/postgresql.conf" ] && [ "$3 $5" = "-C -c" ] || exit 3
    case "$4 $6 $7 $8" in
      "work_mem work_mem=a b  " | *" Max_Statement_Mem=8GB -c "*) echo unasked ;;
      *) printf 'LOG: a word\nFATAL: %s\nLOG: another\n' "$6" >&2; exit 1 ;;
    esac ;;
esac`)
	p.fake("locale", `case $1$LC_ALL in -a*) printf 'C\nC.utf8\nen_US\nen_US.utf8\n' ;; charmapen_US) echo ISO-8859-1 ;; charmap*.UTF-8) echo UTF-8 ;; esac`)
	p.fake("gpinitsystem", "")
	p.fake("gpstart", "")
	p.write("bin/gpinitstandby", "#!/usr/bin/env python9\n")
	p.write("bin/gpstop", "#! /opt/none/python -E\n")
	for _, name := range []string{"gpinitstandby", "gpstop"} {
		if err := os.Chmod(p.path("bin/"+name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	want := "missing python9, which runs gpinitstandby\nmissing /opt/none/python, which runs gpstop\n" +
		"release postgres (Greenplum Database) 7.1.0 build commit:local\ncatalogue Catalog version number: 302305251\nend\n"
	for _, locale := range []string{"en_US.UTF-8", "C.UTF-8", "C", "POSIX"} {
		if out := p.must(nil, "image.sh", locale); out != want {
			t.Errorf("%s: got %q, want %q", locale, out, want)
		}
	}
	p.fake("gpinitstandby", "")
	p.fake("gpstop", "")
	if out := p.must(nil, "image.sh", "de_DE.UTF-8"); !strings.HasPrefix(out, "missing the locale de_DE.UTF-8\nlocales C C.utf8 en_US.utf8\nrelease ") {
		t.Errorf("%q", out)
	}
	if out := p.must(nil, "image.sh", "en_US"); !strings.HasPrefix(out, "missing the locale en_US in UTF-8, which is in ISO-8859-1 there\nlocales C C.utf8 en_US.utf8\nrelease ") {
		t.Errorf("%q", out)
	}
	out := p.must(nil, "image.sh", "C", "work_mem=a b", "no_such=x y=z")
	if want := "251\nrefused no_such FATAL: no_such=x y=z\nend\n"; !strings.HasSuffix(out, want) {
		t.Errorf("got %q, want it to end with %q", out, want)
	}
	// A kubelet keeps the last 4096 bytes of what an image pod says. Each setting is named as long as there is room, with its reason before.
	arguments := []string{"xx_XX.UTF-8"}
	for i := range 90 {
		arguments = append(arguments, fmt.Sprintf("setting_%d=%s", i, strings.Repeat("ä", 100)))
	}
	p.fake("locale", `for i in $(seq 9999); do echo aa_$i.utf8; done`)
	out = p.must(nil, "image.sh", arguments...)
	if !strings.HasPrefix(out, "missing the locale xx_XX.UTF-8\nlocales C aa_1.utf8 ") || !strings.HasSuffix(out, "\nend\n") || len(out) > 4096 {
		t.Errorf("%d bytes: %q", len(out), out)
	}
	for _, words := range []string{"\nrelease postgres", "\nrefused setting_0 FATAL: ", "\nrefused setting_20\n", "\nunlisted "} {
		if !strings.Contains(out, words) {
			t.Errorf("%q is not in %q", words, out)
		}
	}
	// A maximum goes before what it bounds, wherever it was given.
	if out := p.must(nil, "image.sh", "C", "Statement_Mem=4GB", "Max_Statement_Mem=8GB"); strings.Contains(out, "refused") {
		t.Errorf("%q", out)
	}
}
