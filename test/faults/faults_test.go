//go:build faults

package faults

import (
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// moment is when a fault happens: as the step is noted to be started, in the middle of it, or once all is done but the note.
type moment string

const (
	never  moment = "never"
	before moment = "before"
	amid   moment = "in"
	after  moment = "after"
)

// fault is what goes wrong.
type fault struct {
	name string
	when moment
	// do has it happen, while the request that it happened at waits. Kills has gpk itself end. Without either it cannot be tried yet.
	do    func(*director) error
	kills bool
	// mend ends it, once gpk has come to its end.
	mend func(*director) error
	// bench: it takes the bench's own command. alone: everything else on that Kubernetes suffers too.
	bench, alone bool
	// small: the first primary's volume has a size of its own, and can be filled.
	small bool
}

// faults are the columns of the table.
func faults() []fault {
	node := func(command string) func(*director) error {
		return func(d *director) error {
			pod, err := shared.Client.CoreV1().Pods(d.c.namespace).Get(d.c.ctx, d.worked(), metav1.GetOptions{})
			if err != nil {
				return err
			}
			d.node = pod.Spec.NodeName
			return bench(command, d.node)
		}
	}
	back := func(command string) func(*director) error {
		return func(d *director) error {
			if d.node == "" {
				return nil
			}
			return bench(command, d.node)
		}
	}
	return []fault{
		{name: undisturbed, when: never},
		{name: "killed-before", when: before, kills: true},
		{name: "killed-in", when: amid, kills: true},
		{name: "killed-after", when: after, kills: true},
		{name: "exec-cut", when: amid, do: (*director).cutStreams},
		{name: "refused", when: before, do: (*director).refuse},
		{name: "second-gpk", when: amid, do: (*director).race},
		{name: "pod-deleted", when: amid, do: (*director).deletePod},
		{name: "disk-full", when: amid, do: (*director).fillDisk, mend: (*director).freeDisk, small: true},
		{name: "api-restarted", when: amid, do: func(*director) error { return bench("restart-apiserver") }, bench: true, alone: true},
		{name: "node-killed", when: amid, do: node("kill-node"), mend: back("start-node"), bench: true, alone: true},
		{name: "partitioned", when: amid, do: node("partition"), mend: back("heal"), bench: true, alone: true},
	}
}

const undisturbed = "undisturbed"

// possible reports whether the fault can be tried here.
func (f fault) possible() bool {
	return (f.when == never || f.kills || f.do != nil) && (!f.bench || shared.bench != "")
}

// bench runs a command of the bench, for what no API can do to a cluster.
func bench(args ...string) error {
	if out, err := exec.Command(shared.bench, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("bench %v: %w\n%s", args, err, out)
	}
	return nil
}

// cutStreams cuts every stream to a pod, five times in two seconds.
func (d *director) cutStreams() error {
	go func() {
		for range 5 {
			d.proxy.cut()
			time.Sleep(time.Duration(100+d.draw(600)) * time.Millisecond)
		}
	}()
	return nil
}

// refuse begins to refuse requests, until the step has ended.
func (d *director) refuse() error {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.refusing = true
	return nil
}

// refusal is the answer to a request while the API server is out of sorts: every fifth is refused. What only reads has no conflict.
func (d *director) refusal(r request) int {
	if d.draw(5) != 0 {
		return 0
	}
	refusals := []int{http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusConflict}
	if r.pod != "" || !slices.Contains([]string{http.MethodPatch, http.MethodPut, http.MethodPost}, r.Method) {
		refusals = refusals[:2]
	}
	return refusals[d.draw(len(refusals))]
}

// race has a second gpk run the same command, past the proxy.
func (d *director) race() error {
	d.second = d.c.start(d.c.kubeconfig, d.args...)
	return nil
}

// deletePod deletes the pod under work, as an eviction does that gives it no time.
func (d *director) deletePod() error {
	return shared.Client.CoreV1().Pods(d.c.namespace).Delete(d.c.ctx, d.worked(), metav1.DeleteOptions{GracePeriodSeconds: new(int64(1))})
}
