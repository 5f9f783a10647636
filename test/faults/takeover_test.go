//go:build faults

package faults

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// takeover is a coordinator that is lost in some way, a failover, and what the clients saw of it.
type takeover struct {
	Fault   string `json:"fault"`
	Seed    uint64 `json:"seed"`
	Outcome string `json:"outcome"`
	// Operations is how many the clients began, and Acknowledged how many rows they know to be written.
	Operations   int `json:"operations"`
	Acknowledged int `json:"acknowledged"`
	// Lost and Back are rows, and Both is not empty if two coordinators acted.
	Lost    int    `json:"lost"`
	Back    int    `json:"back"`
	Both    string `json:"both,omitempty"`
	Seconds int    `json:"seconds"`
	Said    string `json:"said,omitempty"`
	On      int    `json:"on"`
}

// The outcomes of a takeover beside stuck.
const (
	tookOver = "took over"
	// refused: gpk activated no standby, and the coordinator acts again once the fault is over.
	refused = "refused"
)

// loss is a way to lose a coordinator.
type loss struct {
	name string
	// do has it happen to the coordinator's pod, on a node. mend is the bench's command that ends it.
	do   func(c *cluster, pod, node string) error
	mend string
}

func losses() []loss {
	machine := func(command string) func(*cluster, string, string) error {
		return func(_ *cluster, _, node string) error { return bench(command, node) }
	}
	return []loss{
		{"node killed", machine("kill-node"), "start-node"},
		{"node paused", machine("pause"), "heal"},
		{"node partitioned", machine("partition"), "heal"},
		{"pod deleted by force", func(c *cluster, pod, _ string) error {
			return shared.Client.CoreV1().Pods(c.namespace).Delete(c.ctx, pod, metav1.DeleteOptions{GracePeriodSeconds: new(int64(0))})
		}, ""},
		{"process killed", func(c *cluster, pod, _ string) error {
			_, err := c.exec(c.ctx, pod, `kill -9 "$(head -n 1 /greenplum/coordinator/gpseg-1/postmaster.pid)"`)
			return err
		}, ""},
		{"node killed, API server restarted", func(_ *cluster, _, node string) error {
			if err := bench("kill-node", node); err != nil {
				return err
			}
			go func() {
				time.Sleep(20 * time.Second)
				_ = bench("restart-apiserver")
			}()
			return nil
		}, "start-node"},
		{"none, --force", func(*cluster, string, string) error { return nil }, ""},
	}
}

// TestTakeovers loses coordinators in ways that the seed chooses, one after another in the same cluster, and judges what clients saw.
func TestTakeovers(t *testing.T) {
	if shared.wanted.takeovers == 0 {
		t.Skip("GPK_FAULTS_TAKEOVERS=N has N of them run")
	}
	var c *cluster
	t.Cleanup(func() {
		if c != nil {
			c.remove()
		}
		if err := shared.results.report(); err != nil {
			t.Error(err)
		}
	})
	for seed := shared.wanted.seed; seed < shared.wanted.seed+shared.wanted.takeovers; seed++ {
		if shared.results.hasTakeover(seed) {
			continue
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			if c == nil {
				c = newCluster(t, false, false)
			}
			c.t = t
			o := c.takeover(seed)
			t.Logf("%s, seed %d: %s after %d s; %d operations, %d rows acknowledged, %d lost, %d went back, both: %q. %s", o.Fault, o.Seed, o.Outcome,
				o.Seconds, o.Operations, o.Acknowledged, o.Lost, o.Back, o.Both, o.Said)
			if err := shared.results.addTakeover(o); err != nil {
				t.Error(err)
			}
			if o.Outcome == stuck || o.Lost+o.Back > 0 || o.Both != "" {
				c.tell()
				t.Fail()
				c.remove()
				c = nil
			}
		})
	}
}

// takeover loses the coordinator, and has the standby take over.
func (c *cluster) takeover(seed uint64) (o takeover) {
	c.t.Helper()
	began, draw := time.Now(), rand.New(rand.NewPCG(seed, 0))
	l := losses()[draw.IntN(len(losses()))]
	o = takeover{Fault: l.name, Seed: seed, Outcome: stuck}
	defer func() { o.Seconds = int(time.Since(began).Seconds()) }()
	err := c.lose(l, draw, &o)
	if err != nil {
		o.Outcome, o.Said = stuck, strings.ReplaceAll(err.Error(), c.home+"/", "")
	}
	return o
}

func (c *cluster) lose(l loss, draw *rand.Rand, o *takeover) error {
	w, err := c.watched()
	if err != nil {
		return fmt.Errorf("before it: %w", err)
	}
	from := w.pods[2]
	pod, err := shared.Client.CoreV1().Pods(c.namespace).Get(c.ctx, from, metav1.GetOptions{})
	if err != nil {
		return err
	}
	mend := func() error {
		if l.mend == "" {
			return nil
		}
		return bench(l.mend, pod.Spec.NodeName)
	}
	if err := l.do(c, from, pod.Spec.NodeName); err != nil {
		_ = mend()
		return err
	}
	time.Sleep(time.Duration(draw.IntN(20)) * time.Second)
	r := c.failsOver(l.name == "none, --force", draw.IntN(3) == 0)
	time.Sleep(time.Duration(draw.IntN(15)) * time.Second)
	if err := mend(); err != nil {
		return err
	}
	if err := c.recovers(); err != nil {
		return fmt.Errorf("%w; before, gpk failover: exit status %d: %s", err, r.status, r.lastWords())
	}
	s, err := c.status()
	if err != nil {
		return err
	}
	o.Outcome = tookOver
	if s.Coordinator == from {
		o.Outcome, o.Said = refused, strings.ReplaceAll(r.lastWords(), c.home+"/", "")
	}
	ops, v, err := w.judge()
	if err != nil {
		return err
	}
	o.Operations, o.Lost, o.Back, o.Both = len(ops), len(v.Lost), len(v.Back), v.Both
	for _, op := range ops {
		if op.Acknowledged() {
			o.Acknowledged++
		}
	}
	if o.Acknowledged == 0 {
		return fmt.Errorf("the clients have written nothing")
	}
	return nil
}

// failsOver runs gpk failover, from two machines at once or from one, and again where it ended without a decision that a person must take.
func (c *cluster) failsOver(force, two bool) (last result) {
	args := []string{"failover"}
	if force {
		args = append(args, "--force")
	}
	for range 3 {
		var racing sync.WaitGroup
		if two {
			second := c.start(c.kubeconfig, args...)
			racing.Go(func() { second.wait() })
		}
		last = c.gpk(args...)
		racing.Wait()
		if s, err := c.status(); last.status == 0 || err == nil && s.Coordinator != "" {
			return last
		}
		time.Sleep(5 * time.Second)
	}
	return last
}

// recovers waits until all pods answer, and makes the cluster whole.
func (c *cluster) recovers() error {
	err := within(4*time.Minute, func() error {
		s, err := c.status()
		if err != nil {
			return err
		}
		for _, pod := range []string{"coordinator-0", "coordinator-1", "primary-0", "mirror-0"} {
			found, err := shared.Client.CoreV1().Pods(c.namespace).Get(c.ctx, name+"-"+pod, metav1.GetOptions{})
			if err == nil && found.DeletionTimestamp != nil {
				err = fmt.Errorf("it is being deleted")
			}
			if err == nil {
				_, err = c.exec(c.ctx, name+"-"+pod, "true")
			}
			if err != nil {
				return fmt.Errorf("pod %s-%s: %w", name, pod, err)
			}
		}
		if s.Coordinator == "" {
			err = fmt.Errorf("no coordinator acts: %s", strings.Join(s.Faults, "; "))
		}
		return err
	})
	if err == nil {
		_, err = c.whole()
	}
	if err == nil {
		err = c.left(command{name: "failover"})
	}
	return err
}
