package templates_test

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"
)

// Up to when a standby has followed, and when the coordinator's machine was last heard of, is what the kernel says of the connection: an
// idle coordinator sends nothing, and its kernel acknowledges what the standby reports. A standby that catches up does not follow yet.
func TestKeepNotesStreaming(t *testing.T) {
	tests := map[string]struct {
		received, acknowledged int
		caughtUp               bool
		heard                  time.Duration
	}{
		"an idle coordinator":      {1200000, 5000, true, 5 * time.Second},
		"a busy one":               {9, 45001, true, 0},
		"one that is silent":       {200000, 100000, true, 100 * time.Second},
		"a standby catches up":     {1000, 2000, false, time.Second},
		"the numbers sort as text": {15000, 5000, true, 5 * time.Second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := keepPod(t, "demo-coordinator-1", "4")
			p.write("gpk/state/coordinator", "demo-coordinator-0")
			p.write(coordinatorDir+"/standby.signal", "")
			p.write(coordinatorDir+"/running", "")
			receiver := exec.Command("bash", "-c", `exec -a "postgres: walreceiver streaming 0/1" /bin/sleep 60`)
			if err := receiver.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = receiver.Process.Kill(); _ = receiver.Wait() }()
			p.fake("ss", fmt.Sprintf(`echo 'ESTAB 0 0 10.0.0.2:41000 10.0.0.1:5432 users:(("psql",pid=1,fd=3))'
printf '\t cubic wscale:7,7 lastsnd:1 lastrcv:1 lastack:1\n'
echo 'ESTAB 0 0 10.0.0.2:42000 10.0.0.1:5432 users:(("postgres",pid=%d,fd=4))'
printf '\t cubic wscale:7,7 lastsnd:10 lastrcv:%d lastack:%d pacing_rate 1bps\n'`, receiver.Process.Pid, test.received, test.acknowledged))
			if test.caughtUp {
				p.write("caught-up", "1\n")
			}
			p.fake("psql", `case ${!#} in *pg_stat_replication*) cat `+p.path("caught-up")+` 2>/dev/null ;; esac`)
			p.fake("sleep", `case $1 in
  1) exec /bin/sleep 0.1 ;;
  5) n=$(cat "$LOOKS"); [ "$n" -gt 0 ] || exit 1; echo $((n - 1)) >"$LOOKS"; exec /bin/sleep 0.5 ;;
esac`)
			if out := p.run(nil, "keep.sh"); out.err != "" {
				t.Errorf("it said %q", out.err)
			}
			for file, noted := range map[string]bool{"greenplum/.gpk/heard": true, "greenplum/.gpk/streamed": test.caughtUp} {
				info, err := os.Stat(p.path(file))
				if (err == nil) != noted {
					t.Errorf("%s: %v", file, err)
				}
				if err == nil {
					if ago := time.Since(info.ModTime()) - test.heard; ago < -2*time.Second || ago > 6*time.Second {
						t.Errorf("%s is of %s ago, want %s", file, time.Since(info.ModTime()), test.heard)
					}
				}
			}
		})
	}
}
