package templates_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// sshPod is a pod whose ssh reaches a host of any name but `nowhere`, and notes each call.
func sshPod(t *testing.T) (p *fakePod, job string) {
	t.Helper()
	p, job = jobPod(t)
	p.fake("ssh", `
		echo "$*" >>`+p.path("calls")+`
		[ "$1" != nowhere ] || { echo "ssh: no route to nowhere" >&2; exit 255; }
		shift
		# A shell that is idle ends sooner here.
		case $* in *session.sh*) set -- "${*/%10/3}"; echo $$ >`+p.path("shell")+` ;; esac
		[ ! -f `+p.path("other")+` ] || . `+p.path("other")+`
		exec bash -c "$*"`)
	return p, job
}

// gpinitsystem runs a script in its place, and returns what that said.
func (p *fakePod) gpinitsystem(job, script string) string {
	p.t.Helper()
	p.fake("gpinitsystem", script)
	p.must(archive(p.t, nil), "job.sh", "start", job, "gpinitsystem")
	return p.must(nil, "job.sh", "follow", job, "0")
}

// What ssh gives gpinitsystem is what it gave before: words, input, both voices and the status, whatever shell it comes from.
func TestSSHOfGpinitsystem(t *testing.T) {
	const fails = "echo out; echo err >&2; exit 3"
	tests := []struct{ what, script, want string }{
		{"words", `ssh host echo 'a  b' "c;echo" '$((1+1))'`, "a b c\n2\n"},
		{"one word", `ssh host "echo  'a  b'"`, "a  b\n"},
		{"in a subshell", `for i in 1 2; do x=$(ssh host "echo 'one
two'; echo three" | tail -n +2); echo "$x"; done`, "two\nthree\ntwo\nthree\n"},
		{"a status", `ssh host "` + fails + `" 2>/dev/null; echo $?; ssh host true; echo $?`, "out\n3\n0\n"},
		{"the other voice", `ssh host "` + fails + `" 2>&1 >/dev/null`, "err\n"},
		{"input", `ssh host cat <<<$'é\n\nb'; echo x | ssh host cat`, "é\n\nb\nx\n"},
		{"no input", `ssh host cat; echo $?`, "0\n"},
		{"much", `ssh host "seq 100000" | tail -n 1; seq 100000 | ssh host wc -l`, "100000\n100000\n"},
		{"words that are not ASCII", `ssh host "echo é; echo ü >&2" 2>&1; ssh host echo ß`, "é\nü\nß\n"},
		{"another separator", `IFS=,; ssh host echo a b`, "a b\n"},
		{"the trap of an error", `trap 'echo trapped' ERR; T=ssh; $T host false`, "trapped\n"},
		{"a server that goes on", `ssh host "sleep 5 >/dev/null 2>&1 </dev/null & echo started"`, "started\n"},
		{"no host", `ssh nowhere true 2>&1; echo $?`, "ssh: no route to nowhere\n255\n"},
		{"two at once", `for i in {1..10}; do ssh host "echo a" | ssh host "cat; echo b"; done | sort | uniq -c | tr -d ' \n'`, "10a10b"},
		{"one that is killed", `{ ssh host 'kill -9 $$'; } 2>/dev/null || echo failed`, "failed\n"},
		{"more than fits", `head -c 200000 /dev/zero | tr '\0' x | ssh host wc -c; ssh host echo a`, "200000\na\n"},
		{"wait", `SECONDS=0; ssh fresh true; wait; [ $SECONDS -lt 8 ]; echo $?`, "0\n"},
	}
	// One after another, in one script.
	var script strings.Builder
	for _, test := range tests {
		script.WriteString("( " + test.script + "\n)\necho =\n")
	}
	for _, before := range []string{"", "unset GPK_SHELLS\n"} {
		p, job := sshPod(t)
		said := strings.Split(p.gpinitsystem(job, before+script.String()), "=\n")
		if len(said) != len(tests)+1 {
			t.Fatalf("%q", said)
		}
		for i, test := range tests {
			if said[i] != test.want {
				t.Errorf("%s%s: %q, want %q", before, test.what, said[i], test.want)
			}
		}
	}
}

// One call of ssh serves all, of each script and each host.
func TestSSHOnce(t *testing.T) {
	p, job := sshPod(t)
	p.fake("gpcreateseg.sh", `for i in 1 2 3; do echo "$(ssh host echo $i)"; done`)
	got := p.gpinitsystem(job, `for i in 1 2 3; do echo $(ssh host echo $i) $(ssh other echo $i); done; gpcreateseg.sh; ls -d "$GPK_SHELLS" >&2`)
	if want := "1 1\n2 2\n3 3\n1\n2\n3\n"; !strings.HasPrefix(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if calls := p.read("calls"); strings.Count(calls, "\n") != 3 || strings.Count(calls, "session.sh") != 3 {
		t.Errorf("calls:\n%s", calls)
	}
	said := strings.Fields(got)
	folder := said[len(said)-1]
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(folder); filepath.IsAbs(folder) && os.IsNotExist(err) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("its folder is still there: %s", folder)
		}
	}
}

// A shell that has ended is no reason to fail for the next call, which ssh itself serves; a command that it was cut off in
// may or may not have been carried out, as with ssh.
func TestSSHEnded(t *testing.T) {
	for _, test := range []struct{ what, script, want string }{
		{"idle", "ssh host echo a; command sleep 3.5; ssh host echo b; ssh host echo c", "a\nb\nc\n"},
		{"killed before", "ssh host echo a; kill -9 $(cat SHELL); command sleep 0.3; ssh host echo b; ssh host echo c", "a\nb\nc\n"},
		{"idle in that moment", `echo '[[ $* != *session.sh* ]] || { echo ready; read -r _; echo idle; exit; }' >OTHER; echo in | ssh host "cat; exit 4"; echo $?`, "in\n4\n"},
		{"killed amid", "ssh host echo a; ssh host 'kill -9 $(cat SHELL); sleep 0.5; echo b'; echo $?; ssh host echo c", "a\n255\nc\n"},
	} {
		t.Run(test.what, func(t *testing.T) {
			t.Parallel()
			p, job := sshPod(t)
			script := strings.NewReplacer("SHELL", p.path("shell"), "OTHER", p.path("other")).Replace(test.script)
			if got := p.gpinitsystem(job, script); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}
