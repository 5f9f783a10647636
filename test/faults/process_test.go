//go:build faults

package faults

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

// patience is how long one gpk may take.
const patience = 6 * time.Minute

// result is what a finished gpk leaves. A signal that killed it is the status -1.
type result struct {
	args           []string
	status         int
	stdout, stderr string
}

// process is a gpk that runs.
type process struct {
	c        *cluster
	args     []string
	command  *exec.Cmd
	out, err bytes.Buffer
	began    time.Time
	cancel   context.CancelFunc
}

// gpk runs gpk in the cluster's namespace, to its end.
func (c *cluster) gpk(args ...string) result {
	c.t.Helper()
	return c.start(c.kubeconfig, args...).wait()
}

// start begins gpk with a kubeconfig and nothing else in its environment but what every program has.
func (c *cluster) start(kubeconfig string, args ...string) *process {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.ctx, patience)
	p := &process{c: c, args: args, command: exec.CommandContext(ctx, shared.gpk, append([]string{"-n", c.namespace}, args...)...),
		began: time.Now(), cancel: cancel}
	p.command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.home, "KUBECONFIG=" + kubeconfig}
	p.command.Stdout, p.command.Stderr = &p.out, &p.err
	if err := p.command.Start(); err != nil {
		c.t.Fatalf("gpk %s: %v", strings.Join(args, " "), err)
	}
	return p
}

// wait returns what gpk left, once it has ended.
func (p *process) wait() result {
	p.c.t.Helper()
	_ = p.command.Wait()
	p.cancel()
	r := result{p.args, p.command.ProcessState.ExitCode(), p.out.String(), p.err.String()}
	if !slices.Contains(p.args, "psql") && !slices.Contains(p.args, "status") { // which are asked again and again
		p.c.t.Logf("gpk %s: exit status %d after %.1fs", strings.Join(p.args, " "), r.status, time.Since(p.began).Seconds())
		p.c.runs = append(p.c.runs, r)
	}
	return r
}

// kill ends gpk as the kernel does that is out of memory.
func (p *process) kill() { _ = p.command.Process.Signal(syscall.SIGKILL) }

// typed is a command of gpk in what it says to type next: alone, or quoted in a sentence.
var typed = regexp.MustCompile("(?m)`gpk ([^`]*)`|^gpk (.*)$")

// advice is the first command of gpk that it says to type next, if a person may type it without another thought.
func (r result) advice() []string {
	_, next, _ := strings.Cut(r.stderr, "next: ")
	for _, match := range typed.FindAllStringSubmatch(next, -1) {
		words := strings.Fields(match[1] + match[2])
		grave := slices.ContainsFunc(words, func(word string) bool {
			return slices.Contains([]string{"--force", "--accept-data-loss", "--fenced", "--delete-data", "--discard-aside", "delete"}, word)
		})
		if len(words) > 0 && !grave && strings.Join(words, " ") != strings.Join(r.args, " ") {
			return words
		}
	}
	return nil
}

// lastWords are the error that gpk ended with and what to type next, in one line.
func (r result) lastWords() string {
	text := r.stderr
	for _, mark := range []string{"\nerror: ", "error: "} {
		if _, after, found := strings.Cut(text, mark); found {
			text = after
			break
		}
	}
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > 400 {
		text = text[:200] + " … " + text[len(text)-200:]
	}
	return text
}
