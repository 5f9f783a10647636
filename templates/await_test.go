package templates_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// awaitPod is a coordinator's pod in which a second passes for each line of the file "clock".
func awaitPod(t *testing.T) *fakePod {
	t.Helper()
	p := haltPod(t, "echo 1 >answers/here.alive")
	p.env = append(p.env, "CLOCK="+p.path("clock"), "CALLS="+p.path("calls"))
	p.write("clock", "")
	p.write("calls", "")
	p.fake("date", `[ "$1" = +%s ] && wc -l <"$CLOCK"`)
	p.fake("timeout", `t=$1; shift; exec /usr/bin/timeout $(($t / 5)) "$@"`)
	return p
}

// starts runs keep.sh, and fails if the database has not been started a quarter of a minute later.
func (p *fakePod) starts() {
	p.t.Helper()
	keep := p.background("keep.sh")
	defer func() { _ = keep.Wait() }()
	for range 750 {
		if p.done() == "gpstart" {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	_ = keep.Process.Kill()
	p.t.Error("the database is not started")
}

// The minute that hosts get is one also where many are gone, each of which takes two seconds to be tried.
func TestAwaitHostsTakesAMinute(t *testing.T) {
	p := awaitPod(t)
	var hosts strings.Builder
	for i := range 50 {
		fmt.Fprintf(&hosts, "dead-%d\n", i)
	}
	p.write("gpk/state/hosts", hosts.String())
	p.fake("ssh", `[[ $5 = dead-* ]] || exit 255; echo call >>"$CALLS"; printf '\n\n' >>"$CLOCK"; exit 255`)
	p.starts()
	if calls := strings.Count(p.read("calls"), "call"); calls != 50 {
		t.Errorf("%d calls, want 50, which take more than a minute", calls)
	}
}

// Hosts that come back are not tried again, and one that has let ssh in and says nothing more is given up.
func TestAwaitHostsGivesUp(t *testing.T) {
	p := awaitPod(t)
	p.write("gpk/state/hosts", "here\nlate\nmute\n")
	p.fake("ssh", `echo $5 >>"$CALLS"
case $5 in
  late) [ $(grep -c late "$CALLS") -gt 1 ] ;;
  mute) for ((i = 0; i < 25; i++)); do echo >>"$CLOCK"; done; exec /bin/sleep 1000 ;;
esac`)
	p.starts()
	calls := p.read("calls")
	if strings.Count(calls, "here") != 1 || strings.Count(calls, "late") != 2 || strings.Count(calls, "mute") != 3 {
		t.Errorf("%q", calls)
	}
}

// A coordinator that dies after it has let psql in must not keep the other one waiting.
func TestKeepGivesUpMuteCoordinator(t *testing.T) {
	p := awaitPod(t)
	p.fake("psql", `case $* in *demo-coordinator-1*) exec /bin/sleep 1000 ;; esac; cat "${ANSWERS}here.alive"`)
	p.starts()
}
