package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"gpk/test/kube"
)

// failovers measures, in turns, how long it takes from the command to the first row that a client writes through its Service,
// when the coordinator's processes have been killed: with gpk failover, and with the bare utilities.
func (m *measure) failovers() ([]row, error) {
	var ours, byHand []float64
	err := m.inTurns(func(n *kube.Namespace) error {
		seconds, err := m.failoverWithGpk(n)
		ours = append(ours, seconds)
		return err
	}, func(n *kube.Namespace) error {
		seconds, err := m.failoverByHand(n)
		byHand = append(byHand, seconds)
		return err
	})
	if err != nil {
		return nil, err
	}
	what := fmt.Sprintf("failover of %[1]d + %[1]d + standby, to the first row", primaries)
	return []row{{what: what, ours: ours, unit: "s", against: "by hand", theirs: byHand}}, nil
}

func (m *measure) failoverWithGpk(n *kube.Namespace) (float64, error) {
	file := filepath.Join(m.dir, "cluster.yaml")
	if err := os.WriteFile(file, []byte(clusterFile(n.Name, m.image, primaries)), 0o600); err != nil {
		return 0, err
	}
	if _, err := m.output(m.gpk, "create", "-f", file); err != nil {
		return 0, err
	}
	seconds, err := m.takeover(n, "demo-", "demo-coordinator", m.gpk, "failover", "-n", n.Name)
	m.say("first row with gpk: %.1f s", seconds)
	return seconds, err
}

func (m *measure) failoverByHand(n *kube.Namespace) (float64, error) {
	if _, err := m.output(m.script, n.Name, m.image, fmt.Sprint(primaries)); err != nil {
		return 0, err
	}
	if _, err := m.output(filepath.Join(filepath.Dir(m.script), "clients.sh"), n.Name); err != nil {
		return 0, err
	}
	seconds, err := m.takeover(n, "", "clients", filepath.Join(filepath.Dir(m.script), "failover.sh"), n.Name)
	m.say("first row by hand: %.1f s", seconds)
	return seconds, err
}

const (
	// written is a client's table. Then all that makes the coordinator one is killed, as the kernel does when memory runs out.
	written = `. ~/.bashrc && psql -XAtq -h SERVICE -d postgres -c "create table written (id int)"`
	killed  = `kill -9 "$(head -n 1 /greenplum/coordinator/gpseg-1/postmaster.pid)"`
	// accepted tries to write until that is accepted, and prints when it was, in nanoseconds of the nodes' clock.
	accepted = `. ~/.bashrc
for ((until = SECONDS + 300; SECONDS < until;)); do
  said=$(PGCONNECT_TIMEOUT=2 psql -XAtq -h SERVICE -d postgres -c "insert into written values (1)" 2>&1) && exec date +%s%N
  sleep 0.1
done
echo "$said"`
)

// takeover kills the coordinator, runs a command, and gives the seconds from its begin to the first row written. The clocks
// of the nodes have to be this machine's.
func (m *measure) takeover(n *kube.Namespace, prefix, service, program string, args ...string) (float64, error) {
	client := prefix + "mirror-0"
	for _, step := range []struct{ pod, script string }{{client, to(service, written)}, {prefix + "coordinator-0", killed}} {
		if said, err := n.Run(m.ctx, step.pod, step.script); err != nil || said.Status != 0 {
			return 0, fmt.Errorf("in pod %s: %s: %w", step.pod, said.Output, err)
		}
	}
	began := time.Now()
	var first kube.Said
	var group errgroup.Group
	group.Go(func() (err error) {
		first, err = n.Run(m.ctx, client, to(service, accepted))
		return err
	})
	if _, err := m.output(program, args...); err != nil {
		return 0, err
	}
	m.say("the command took %.1f s", time.Since(began).Seconds())
	if err := group.Wait(); err != nil {
		return 0, err
	}
	nanoseconds, err := strconv.ParseInt(strings.TrimSpace(first.Output), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("the client says: %s", first.Output)
	}
	return time.Unix(0, nanoseconds).Sub(began).Seconds(), nil
}

func to(service, script string) string { return strings.ReplaceAll(script, "SERVICE", service) }
