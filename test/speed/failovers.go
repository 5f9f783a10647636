package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"gpk/test/kube"
)

// failovers measures, in turns, how long it takes from the command to the first row that a client writes through its Service,
// when the coordinator's processes have been killed: with gpk failover, and with the bare utilities.
func (m *measure) failovers() ([]row, error) {
	ours, byHand, err := m.inTurns(m.failoverWithGpk, m.failoverByHand)
	if err != nil {
		return nil, err
	}
	what := fmt.Sprintf("failover of %[1]d + %[1]d + standby, to the first row", primaries)
	return []row{{what: what, ours: ours, unit: "s", against: "by hand", theirs: byHand}}, nil
}

func (m *measure) failoverWithGpk(n *kube.Namespace) ([]float64, error) {
	file, err := m.file(n)
	if err != nil {
		return nil, err
	}
	if _, err := m.output(m.gpk, "create", "-f", file); err != nil {
		return nil, err
	}
	return m.takeover(n, "demo-", "demo-coordinator", func() (string, error) { return m.output(m.gpk, "failover", "-n", n.Name) })
}

func (m *measure) failoverByHand(n *kube.Namespace) ([]float64, error) {
	if _, err := m.output(m.script, n.Name, m.image, fmt.Sprint(primaries)); err != nil {
		return nil, err
	}
	if _, err := m.byHand("clients.sh", n.Name); err != nil {
		return nil, err
	}
	return m.takeover(n, "", "clients", func() (string, error) { return m.byHand("failover.sh", n.Name) })
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
func (m *measure) takeover(n *kube.Namespace, prefix, service string, command func() (string, error)) ([]float64, error) {
	client := prefix + "mirror-0"
	for _, step := range []struct{ pod, script string }{{client, to(service, written)}, {prefix + "coordinator-0", killed}} {
		said, err := n.Run(m.ctx, step.pod, step.script)
		if err != nil {
			return nil, err
		}
		if said.Status != 0 {
			return nil, fmt.Errorf("in pod %s: exit status %d: %s", step.pod, said.Status, said.Output)
		}
	}
	began := time.Now()
	var first kube.Said
	var group errgroup.Group
	group.Go(func() (err error) {
		first, err = n.Run(m.ctx, client, to(service, accepted))
		return err
	})
	if _, err := command(); err != nil {
		return nil, err
	}
	ended := time.Since(began)
	if err := group.Wait(); err != nil {
		return nil, err
	}
	nanoseconds, err := strconv.ParseInt(strings.TrimSpace(first.Output), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("the client says: %s", first.Output)
	}
	seconds := time.Unix(0, nanoseconds).Sub(began).Seconds()
	m.say("first row through %s: %.1f s; the command took %.1f s", service, seconds, ended.Seconds())
	return []float64{seconds}, nil
}

func to(service, script string) string { return strings.ReplaceAll(script, "SERVICE", service) }
