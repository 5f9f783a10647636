//go:build faults

package faults

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The outcomes of a case.
const (
	// byItself: the gpk that the fault happened to came to its end. again: the same command did, from a fresh process.
	byItself = "by itself"
	again    = "again"
	// advised: gpk has said what to type first, and that led there.
	advised = "advised"
	// decides: gpk says again and again what a person must decide first.
	decides = "a person decides"
	// stuck: no end, rows lost, or something left over.
	stuck = "stuck"
	// idle: the step had nothing to do, so that the fault did not happen.
	idle = "idle"
)

// run is a case: it has the fault happen, and looks what becomes of the cluster.
func (c *cluster) run(cmd command, f fault, step, title string) (o outcome) {
	c.t.Helper()
	began := time.Now()
	o = outcome{Command: cmd.name, Fault: f.name, Step: step, Seed: shared.wanted.seed, Outcome: stuck}
	defer func() { o.Seconds = int(time.Since(began).Seconds()) }()
	failed := func(err error) outcome {
		o.Outcome, o.Said = stuck, strings.ReplaceAll(err.Error(), c.home+"/", "")
		return o
	}
	var w *writing
	var err error
	if !cmd.noRows {
		if w, err = c.writes(); err != nil {
			return failed(fmt.Errorf("before the case: %w", err))
		}
		defer w.end()
	}
	if cmd.ready != nil {
		if err := cmd.ready(c); err != nil {
			return failed(fmt.Errorf("before the case: %w", err))
		}
	}
	d := c.direct(f, step, cmd.args(c), shared.wanted.seed, title)
	first := d.perform()
	o.steps = d.steps
	if d.failure != nil { // not gpk's
		o.broken = true
		return failed(d.failure)
	}
	if f.mend != nil {
		if err := f.mend(d); err != nil {
			return failed(err)
		}
	}
	if o.Outcome, o.Said, err = c.converge(d.args, first); err != nil || o.Outcome == decides {
		if err != nil {
			o = failed(err)
		}
		return o
	}
	if (!d.happened || d.none) && f.when != never {
		o.Outcome = idle
	}
	if err := c.left(cmd); err != nil {
		return failed(err)
	}
	if cmd.back != nil {
		if err := cmd.back(c); err != nil {
			return failed(fmt.Errorf("afterwards: %w", err))
		}
	}
	if o.Then, err = c.whole(); err != nil {
		return failed(err)
	}
	if w == nil {
		return o
	}
	lost, err := w.lost()
	o.Acknowledged, o.Lost = len(w.acknowledged), len(lost)
	switch {
	case err != nil:
		return failed(err)
	case len(lost) > 0:
		return failed(fmt.Errorf("of %d acknowledged rows %d are lost: %v", len(w.acknowledged), len(lost), lost))
	case len(w.acknowledged) == 0:
		return failed(fmt.Errorf("the client has written nothing: %w", w.last))
	}
	return o
}

// perform runs the command with the fault in it.
func (d *director) perform() result {
	p, end := d.c.proxied(d.before)
	defer end()
	d.proxy = p
	d.mutex.Lock()
	d.first = d.c.start(p.kubeconfig, d.args...)
	d.mutex.Unlock()
	r := d.first.wait()
	if d.second != nil {
		d.second.wait()
	}
	return r
}

// converge runs the same command again, from fresh processes, until it comes to its end; and what gpk says to type before that.
func (c *cluster) converge(args []string, last result) (reached, said string, err error) {
	if last.status == 0 {
		return byItself, "", nil
	}
	reached = again
	for range 5 {
		if last = c.gpk(args...); last.status == 0 {
			return reached, said, nil
		}
		switch advice := last.advice(); {
		case last.status == 5: // another gpk: the second one, or one of which nobody knows yet that it was killed
			time.Sleep(5 * time.Second)
		case last.status == 1 && advice != nil:
			reached, said = advised, "gpk "+strings.Join(advice, " ")
			c.gpk(advice...)
		default:
			time.Sleep(2 * time.Second)
		}
	}
	if last.status == 1 && last.advice() == nil && strings.Contains(last.stderr, "next: ") {
		return decides, strings.ReplaceAll(last.lastWords(), c.home+"/", ""), nil
	}
	return stuck, "", fmt.Errorf("gpk %s ends with exit status %d again and again: %s", strings.Join(args, " "), last.status, last.lastWords())
}

var ownPod = regexp.MustCompile(`^` + name + `-(coordinator|primary|mirror)-\d+$`)

// left is an error if the command has left something over: a held lock, an unfinished operation, a pod that is not the
// cluster's, or a utility that still runs.
func (c *cluster) left(cmd command) error {
	var faults []error
	lease, err := shared.Client.CoordinationV1().Leases(c.namespace).Get(c.ctx, name+"-gpk", metav1.GetOptions{})
	if err == nil && lease.Spec.HolderIdentity != nil && *lease.Spec.HolderIdentity != "" {
		faults = append(faults, fmt.Errorf("the lock is held by %s", *lease.Spec.HolderIdentity))
	}
	record, err := shared.Client.CoreV1().ConfigMaps(c.namespace).Get(c.ctx, name+"-gpk", metav1.GetOptions{})
	if err == nil && record.Data["unfinished.json"] != "" {
		faults = append(faults, fmt.Errorf("an operation is still called unfinished: %s", record.Data["unfinished.json"]))
	}
	pods, err := shared.Client.CoreV1().Pods(c.namespace).List(c.ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for i := range pods.Items {
		pod := &pods.Items[i]
		if pod.DeletionTimestamp != nil {
			continue
		}
		if pod.Name == "holder" {
			continue
		}
		if strings.HasPrefix(cmd.name, "delete") || !ownPod.MatchString(pod.Name) {
			faults = append(faults, fmt.Errorf("pod %s is left over", pod.Name))
			continue
		}
		if pod.Status.Phase != corev1.PodRunning {
			continue
		}
		jobs, err := c.exec(c.ctx, pod.Name, `ps -eo args= | grep -E '[j]ob\.sh |[/ ]gp(initsystem|expand|recoverseg|stop|start|config|initstandby|activatestandby) -' || true`)
		if err == nil && jobs != "" {
			faults = append(faults, fmt.Errorf("in pod %s there still runs %s", pod.Name, jobs))
		}
	}
	return errors.Join(faults...)
}

// whole waits until gpk finds no fault in the cluster. What that takes besides time is `gpk recover`, as its own status says.
func (c *cluster) whole() (then string, err error) {
	look := func() error {
		s, err := c.status()
		if err == nil && len(s.Faults) > 0 {
			err = fmt.Errorf("gpk status: %s", strings.Join(s.Faults, "; "))
		}
		return err
	}
	if err = within(40*time.Second, look); err == nil {
		return "", nil
	}
	if r := c.gpk("recover"); r.status != 0 {
		return "", fmt.Errorf("%w; and gpk recover: %s", err, r.lastWords())
	}
	return "gpk recover", within(time.Minute, look)
}
