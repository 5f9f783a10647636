package templates_test

import (
	"strings"
	"testing"
)

// An instance whose process has died comes back where it is entitled to, and what was told to stop, which leaves no pid file, does not.
func TestKeepRevives(t *testing.T) {
	const started, gpstart = "pg_ctl start -D", "gpstart"
	tests := map[string]struct {
		name, dir string
		state     map[string]string
		want      string
	}{
		"the acting coordinator":    {"demo-coordinator-0", coordinatorDir, map[string]string{"gpk/state/coordinator": "demo-coordinator-0"}, gpstart},
		"a replaced coordinator":    {"demo-coordinator-0", coordinatorDir, map[string]string{"gpk/state/coordinator": "demo-coordinator-1"}, ""},
		"one that is to be stopped": {"demo-coordinator-0", coordinatorDir, map[string]string{"gpk/state/coordinator": "demo-coordinator-0", "gpk/state/database": "stopped"}, ""},
		"one whose successor answers": {"demo-coordinator-0", coordinatorDir, map[string]string{"gpk/state/coordinator": "demo-coordinator-0",
			"answers/demo-coordinator-1.demo.alive": "1\n"}, ""},
		"one that the standby's pod knows to be replaced": {"demo-coordinator-0", coordinatorDir, map[string]string{"gpk/state/coordinator": "demo-coordinator-0",
			"gpk/state/term": "6", "greenplum/.gpk/term": "6", "others-term": "7", "next": "demo-coordinator-1"}, ""},
		"one that the standby's pod knows to act by a later decision": {"demo-coordinator-0", coordinatorDir, map[string]string{"gpk/state/coordinator": "demo-coordinator-0",
			"gpk/state/term": "6", "greenplum/.gpk/term": "6", "others-term": "7", "next": "demo-coordinator-0"}, gpstart},
		"the standby":                      {"demo-coordinator-1", coordinatorDir, map[string]string{"gpk/state/coordinator": "demo-coordinator-0", coordinatorDir + "/standby.signal": ""}, started},
		"a primary":                        {"demo-primary-0", primaryDir, map[string]string{"answers/demo-coordinator-0.demo.row": "p|u\n"}, started},
		"a mirror":                         {"demo-primary-0", primaryDir, map[string]string{"answers/demo-coordinator-0.demo.row": "m|d\n", primaryDir + "/standby.signal": ""}, started},
		"a primary whose mirror took over": {"demo-primary-0", primaryDir, map[string]string{"answers/demo-coordinator-0.demo.row": "m|d\n"}, ""},
	}
	for name, test := range tests {
		for _, died := range []bool{true, false} {
			t.Run(name+map[bool]string{true: ", died", false: ", told to stop"}[died], func(t *testing.T) {
				p := keepPod(t, test.name, "4")
				p.env = append(p.env, "TERM_OF_OTHER="+p.path("others-term"), "NEXT="+p.path("next"))
				p.fake("ssh", `case $* in *"cat /greenplum/.gpk/term"*|*.gpk/term) cat "$TERM_OF_OTHER" 2>/dev/null ;; esac`)
				p.write(test.dir+"/log/startup.log", "")
				p.write(test.dir+"/postgresql.conf", "port = 40000\n")
				p.write(test.dir+"/running", "")
				for file, content := range test.state {
					p.write(file, content)
				}
				// It runs at the pod's first looks, and then not any more.
				p.fake("pg_isready", "exit 1")
				end := "rm -f " + p.path(test.dir+"/running")
				if died {
					end += "; touch " + p.path(test.dir+"/postmaster.pid")
				}
				p.fake("sleep", `case $1 in
  1) [ ! -e "$NEXT" ] || { cp "$NEXT" `+p.path("gpk/state/coordinator")+`; echo 7 >`+p.path("gpk/state/term")+`; }; exec /bin/sleep 0.05 ;;
  5) n=$(cat "$LOOKS"); [ "$n" = 3 ] && { /bin/sleep 1; `+end+`; }; [ "$n" -gt 0 ] || exit 1; echo $((n - 1)) >"$LOOKS"; exec /bin/sleep 0.3 ;;
esac`)
				r := p.run(nil, "keep.sh")
				want := test.want
				if !died {
					want = ""
				}
				got := p.done()
				starts := strings.Count(got, started) + strings.Count(got, gpstart)
				if (starts == 1) != (want != "") || starts > 1 || !strings.Contains(got, want) {
					t.Errorf("it did %q and said %q, want %q", got, r.out, want)
				}
				if told := strings.Count(r.out, "has ended: starting it again"); told != map[bool]int{true: 1}[died] {
					t.Errorf("it says %d times that it starts it again: %q", told, r.out)
				}
			})
		}
	}
}
