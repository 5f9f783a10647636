package templates_test

import (
	"strings"
	"testing"
)

// gpinitsystem's shells use bash's own echo, date, which and sleep, and what these give is what the programs would.
func TestBuiltins(t *testing.T) {
	for _, test := range []struct{ what, script, want string }{
		{"bare names of builtins", "which echo; which date; which sleep", "echo\ndate\nsleep\n"},
		{"paths of programs", "[ $(which sed) = $(type -P sed) ] && which no-such-program; echo $?", "1\n"},
		{"an echo with options", `ECHO=$(which echo); $ECHO -e "a\tb\c"; $ECHO -n "> "; $ECHO '\n'`, "a\tb> \\n\n"},
		{"a time as the log has it", `DATE=$(which date); at=$($DATE +%Y%m%d":"%H":"%M":"%S); [[ $at =~ ^[0-9]{8}(:[0-9]{2}){3}$ ]]; echo $?`, "0\n"},
		{"the time zone", "export TZ=Asia/Tokyo; [ $(date +%Y%m%d%H) = $(command date +%Y%m%d%H) ]; echo $?", "0\n"},
		{"what strftime lacks", "date -d @0 -u +%Y; [[ $(date +%N) =~ ^[0-9]{9}$ ]]; echo $?", "1970\n0\n"},
		{"a sleep that nobody shortens", "a=${EPOCHREALTIME/./}; sleep 1; (( ${EPOCHREALTIME/./} - a >= 1000000 )); echo $?", "0\n"},
		{"a sleep that ends with a child", "command sleep 0.2 & command sleep 600 & other=$!; sleep 600; kill -0 $other && kill $other; echo $?", "0\n"},
		{
			"a child that shortens one sleep only",
			"command sleep 0.2 & sleep 600; a=${EPOCHREALTIME/./}; sleep 1; (( ${EPOCHREALTIME/./} - a >= 1000000 )); echo $?",
			"0\n",
		},
	} {
		t.Run(test.what, func(t *testing.T) {
			p, job := jobPod(t)
			p.fake("gpinitsystem", test.script)
			p.must(archive(t, nil), "job.sh", "start", job, "gpinitsystem")
			if got := p.must(nil, "job.sh", "follow", job, "0"); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// Nobody else's shells are changed: neither those that gpinitsystem calls nor those of other utilities.
func TestBuiltinsOfOthers(t *testing.T) {
	p, job := jobPod(t)
	p.fake("another", "type -t which; type -t sleep")
	p.fake("gpcreateseg.sh", "type -t sleep")
	p.fake("gpinitsystem", "another; bash -c 'type -t sleep'; gpcreateseg.sh; another | wc -l")
	p.must(archive(t, nil), "job.sh", "start", job, "gpinitsystem")
	if got := p.must(nil, "job.sh", "follow", job, "0"); got != "file\nfile\nfile\nfunction\n2\n" {
		t.Errorf("called by gpinitsystem: %q", got)
	}
	p, job = jobPod(t)
	p.fake("gpstart", "type -t sleep; echo $BASH_ENV")
	p.must(archive(t, nil), "job.sh", "start", job, "gpstart")
	if got := strings.TrimSpace(p.must(nil, "job.sh", "follow", job, "0")); got != "file" {
		t.Errorf("called by itself: %q", got)
	}
}
