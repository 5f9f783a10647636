//go:build e2e

package e2e

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// result is what a finished gpk leaves.
type result struct {
	args           []string
	status         int
	stdout, stderr string
	took           time.Duration
}

// process is a gpk that runs.
type process struct {
	t        *testing.T
	args     []string
	command  *exec.Cmd
	out, err buffer
	began    time.Time
}

// gpk runs gpk in the cluster's namespace, to its end.
func (c *cluster) gpk(args ...string) result {
	c.t.Helper()
	return c.start(args...).wait()
}

// start begins gpk and returns.
func (c *cluster) start(args ...string) *process {
	c.t.Helper()
	return c.startAs(c.kubeconfig, append([]string{"-n", c.namespace}, args...)...)
}

// feed is gpk with a standard input.
func (c *cluster) feed(stdin io.Reader, args ...string) result {
	c.t.Helper()
	return c.startFed(stdin, c.kubeconfig, append([]string{"-n", c.namespace}, args...)...).wait()
}

// startAs begins gpk with a kubeconfig and nothing else in its environment but what every program has.
func (c *cluster) startAs(kubeconfig string, args ...string) *process {
	c.t.Helper()
	return c.startFed(nil, kubeconfig, args...)
}

func (c *cluster) startFed(stdin io.Reader, kubeconfig string, args ...string) *process {
	c.t.Helper()
	p := &process{t: c.t, args: args, command: exec.CommandContext(c.ctx, shared.gpk, args...), began: time.Now()}
	p.command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.home, "KUBECONFIG=" + kubeconfig}
	p.command.Stdin, p.command.Stdout, p.command.Stderr = stdin, &p.out, &p.err
	if err := p.command.Start(); err != nil {
		c.t.Fatalf("gpk %s: %v", strings.Join(args, " "), err)
	}
	c.runs = append(c.runs, p)
	return p
}

// wait returns what gpk left, once it has ended. A signal that killed it is the status -1.
func (p *process) wait() result {
	p.t.Helper()
	err := p.command.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatalf("gpk %s: %v", strings.Join(p.args, " "), err)
	}
	r := result{p.args, p.command.ProcessState.ExitCode(), p.out.String(), p.err.String(), time.Since(p.began)}
	if !slices.Contains(p.args, "psql") { // which is asked again and again
		p.t.Logf("gpk %s: exit status %d after %.1fs", strings.Join(p.args, " "), r.status, r.took.Seconds())
	}
	return r
}

// signal sends a signal to gpk.
func (p *process) signal(signal os.Signal) {
	p.t.Helper()
	if err := p.command.Process.Signal(signal); err != nil {
		p.t.Fatalf("gpk %s: %v: %v", strings.Join(p.args, " "), signal, err)
	}
}

// want ends the test unless gpk ended with the status.
func (r result) want(t *testing.T, status int) result {
	t.Helper()
	if r.status != status {
		t.Fatalf("gpk %s: exit status %d instead of %d", strings.Join(r.args, " "), r.status, status)
	}
	return r
}

// says fails the test unless gpk's errors and progress hold every one of the words.
func (r result) says(t *testing.T, words ...string) result {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(r.stderr, word) {
			t.Errorf("gpk %s: %q is not in what it said:\n%s", strings.Join(r.args, " "), word, r.stderr)
		}
	}
	return r
}

// buffer can be read while a process writes to it.
type buffer struct {
	mutex sync.Mutex
	bytes bytes.Buffer
}

// Write never fails.
func (b *buffer) Write(data []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.bytes.Write(data)
}

// String is what has been written so far.
func (b *buffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.bytes.String()
}
