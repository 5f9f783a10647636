package templates_test

import (
	"strings"
	"testing"
)

// everywhere.sh runs a script on hosts by ssh, which is a fake here that runs it at once.
func TestEverywhere(t *testing.T) {
	const list = "a.example one two\nb.example\nc.example three\nend\n"
	tests := map[string]struct {
		stdin  string
		status int
		out    string
	}{
		"all are called, with their arguments and the same input": {list + "the input\n", 0,
			"a.example a.example did verb one two\na.example the input\na.example exit 0\n" +
				"b.example out of reach\nb.example exit 255\n" +
				"c.example c.example did verb three\nc.example the input\nc.example exit 0\nend\n"},
		"a list that was cut off":      {strings.TrimSuffix(list, "end\n"), 1, ""},
		"a list that was cut off deep": {"a.example on", 1, ""},
		"nothing":                      {"", 1, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPod(t)
			p.write("gpk/scripts/it.sh", "echo $HOST did \"$@\"\ncat\necho noise >&2\n")
			p.fake("ssh", `
case $3 in b.*) echo out of reach >&2; exit 255 ;; esac
[[ $3 != a.* ]] || echo a word of /etc/bash.bashrc
HOST=$3 exec bash -c "${*:4}"`)
			r := p.run([]byte(test.stdin), "everywhere.sh", "it.sh", "verb")
			if r.status != test.status || r.out != test.out {
				t.Errorf("%+v, want %d and %q", r, test.status, test.out)
			}
		})
	}
}

// What greenplum_path.sh prints is no answer, and what a script reads is not for it.
func TestWordsOfTheImage(t *testing.T) {
	p := newPod(t)
	p.write("gphome/greenplum_path.sh", "export FROM_GREENPLUM_PATH=yes\necho welcome\ncat >/dev/null\n")
	r := p.run([]byte("the input"), "run.sh", "bash", "-c", "echo $FROM_GREENPLUM_PATH; cat")
	if r.out != "yes\nthe input" || r.err != "welcome\n" {
		t.Errorf("%+v", r)
	}
	p.write("words.sh", "echo words\n")
	p.env = append(p.env, "BASH_ENV="+p.path("words.sh"))
	out := p.must([]byte(request("", "bash", "-c", "echo answer")), "session.sh")
	if out != "words\nready\n0 7 0\nanswer\n" {
		t.Errorf("a session: %q", out)
	}
}

// What start.sh has kept of the environment is taken as it is, and greenplum_path.sh is not read again.
func TestEnvironmentIsKept(t *testing.T) {
	p := newPod(t)
	if got := p.must(nil, "run.sh", "bash", "-c", "echo $FROM_GREENPLUM_PATH $PGPORT"); got != "yes 5432\n" {
		t.Errorf("before: %q", got)
	}
	p.write("tmp/gpk-environment", "declare -x PGPORT=\"7654\"\n")
	if got := p.must(nil, "run.sh", "bash", "-c", "echo $FROM_GREENPLUM_PATH $PGPORT"); got != "7654\n" {
		t.Errorf("kept: %q", got)
	}
}
