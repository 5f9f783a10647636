//go:build faults

package faults

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// wanted is what the command line asks for.
type wanted struct {
	seed uint64
	// only is the beginning of the names of cases, empty for all. faults are the names of faults, none for all but those for which the
	// Kubernetes must be nobody else's.
	only   string
	faults []string
	// steps is how many steps of each command get each fault, drawn by the seed; 0 for all.
	steps int
	// sample is the fixed choice of cases of `make test`.
	sample bool
	// takeovers is how many coordinators are lost, with the seeds from seed on. No matrix runs then.
	takeovers uint64
}

func wantedFrom(env func(string) string) (w wanted, err error) {
	w = wanted{seed: 1, only: env("GPK_FAULTS_ONLY"), faults: strings.Fields(env("GPK_FAULTS")), sample: env("GPK_FAULTS_SAMPLE") != ""}
	if text := env("GPK_FAULTS_SEED"); text != "" {
		if w.seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			return w, fmt.Errorf("SEED=%s: give a number", text)
		}
	}
	if text := env("GPK_FAULTS_STEPS"); text != "" {
		if w.steps, err = strconv.Atoi(text); err != nil {
			return w, fmt.Errorf("STEPS=%s: give a number", text)
		}
	}
	if text := env("GPK_FAULTS_TAKEOVERS"); text != "" {
		if w.takeovers, err = strconv.ParseUint(text, 10, 64); err != nil {
			return w, fmt.Errorf("TAKEOVERS=%s: give a number", text)
		}
	}
	for _, name := range w.faults {
		if !slices.ContainsFunc(faults(), func(f fault) bool { return f.name == name }) {
			return w, fmt.Errorf("FAULTS=%s: there is no such fault", name)
		}
	}
	return w, nil
}

// sample are the cases of `make test`, which all run in one cluster: a kill amid a step and after one, cut streams, and refusals.
func sample() []string {
	return []string{"create/killed-in/initialise", "stop/killed-after/stop", "restart/exec-cut/stop", "config/refused/settings"}
}

// wants reports whether a case is to run. A part of its name is enough to ask whether any of those may.
func (w wanted) wants(command, fault, step string) bool {
	title := strings.TrimSuffix(strings.TrimSuffix(command+"/"+fault+"/"+step, "/"), "/")
	if w.sample {
		return slices.ContainsFunc(sample(), func(one string) bool { return one == title || strings.HasPrefix(one, title+"/") })
	}
	return strings.HasPrefix(title, w.only) || strings.HasPrefix(w.only, title+"/")
}

// includes reports whether a fault is asked for.
func (w wanted) includes(f fault) bool {
	named := slices.Contains(w.faults, f.name) || strings.Contains("/"+w.only+"/", "/"+f.name+"/")
	if w.sample {
		return f.when != never
	}
	return f.possible() && (named || len(w.faults) == 0 && !f.alone || f.when == never)
}

// drawn are as many of the steps as are asked for, in their order.
func (w wanted) drawn(title string, steps []string) []string {
	if w.steps <= 0 || w.steps >= len(steps) {
		return steps
	}
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(title))
	places := rand.New(rand.NewPCG(w.seed, hash.Sum64())).Perm(len(steps))[:w.steps]
	slices.Sort(places)
	drawn := make([]string, len(places))
	for i, place := range places {
		drawn[i] = steps[place]
	}
	return drawn
}

// clusters are whole ones that no command works on.
type clusters struct {
	mutex sync.Mutex
	idle  []*cluster
}

// take is one of them, or a new one, which may be bare.
func (p *clusters) take(t *testing.T, bare, small bool) *cluster {
	p.mutex.Lock()
	var c *cluster
	if i := slices.IndexFunc(p.idle, func(c *cluster) bool { return c.small == small }); i >= 0 {
		c = p.idle[i]
		p.idle = slices.Delete(p.idle, i, i+1)
	}
	p.mutex.Unlock()
	if c == nil {
		return newCluster(t, bare, small)
	}
	c.t = t
	return c
}

func (p *clusters) put(c *cluster) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.idle = append(p.idle, c)
}

// TestFaults runs the matrix, or what is asked for of it. Commands run beside each other, the cases of one after another.
func TestFaults(t *testing.T) {
	if shared.wanted.takeovers > 0 {
		t.Skip("GPK_FAULTS_TAKEOVERS asks for TestTakeovers alone")
	}
	pool := &clusters{}
	t.Cleanup(func() {
		for _, c := range pool.idle {
			c.remove()
		}
		if err := shared.results.report(); err != nil {
			t.Error(err)
		}
	})
	t.Run("of", func(t *testing.T) {
		for _, cmd := range commands() {
			if !shared.wanted.wants(cmd.name, "", "") {
				continue
			}
			t.Run(cmd.name, func(t *testing.T) {
				if !shared.wanted.sample {
					t.Parallel()
				}
				(&round{t: t, cmd: cmd, pool: pool}).run()
			})
		}
	})
}

// round are the cases of one command.
type round struct {
	t    *testing.T
	cmd  command
	pool *clusters
	// c is the cluster that they run in, nil for none yet. used is how many have.
	c    *cluster
	used int
}

func (r *round) run() {
	defer r.give()
	if !shared.wanted.sample && (shared.wanted.only == "" || !shared.results.knows(r.cmd.name)) {
		// What gpk notes in its journal while nothing is wrong are the steps.
		r.try(faults()[0], "")
	}
	steps := shared.results.steps(r.cmd.name)
	if !r.cmd.noPreview && !shared.wanted.sample {
		steps = r.withPreview(steps)
	}
	for _, f := range faults()[1:] {
		if !shared.wanted.includes(f) || f.small && r.cmd.newVolumes {
			continue
		}
		for _, step := range shared.wanted.drawn(r.cmd.name+f.name, steps) {
			if shared.wanted.wants(r.cmd.name, f.name, step) {
				r.try(f, step)
			}
		}
	}
}

// withPreview adds the steps that only --dry-run knows, and of which no case has shown that they only look.
func (r *round) withPreview(steps []string) []string {
	r.furnish(r.t, false)
	found, err := r.c.preview(r.cmd)
	if err != nil {
		r.t.Error(err)
	}
	for _, step := range found {
		if !slices.Contains(steps, step) && !shared.results.idles(r.cmd.name, step) {
			steps = append(steps, step)
		}
	}
	return steps
}

// furnish has a cluster at hand.
func (r *round) furnish(t *testing.T, small bool) {
	if r.c != nil && r.c.small != small {
		r.give()
	}
	if r.c != nil && r.cmd.wears > 0 && r.used >= r.cmd.wears {
		r.c.remove()
		r.c = nil
	}
	if r.c == nil {
		r.c, r.used = r.pool.take(t, r.cmd.bare, small), 0
	}
	r.c.t = t
}

// try runs a case, unless its result is there.
func (r *round) try(f fault, step string) {
	title := strings.TrimSuffix(r.cmd.name+"/"+f.name+"/"+step, "/")
	if shared.wanted.only == "" && !shared.wanted.sample && shared.results.has(title, shared.wanted.seed) {
		return
	}
	r.t.Run(strings.TrimPrefix(title, r.cmd.name+"/"), func(t *testing.T) {
		r.furnish(t, f.small)
		o := r.c.run(r.cmd, f, step, title)
		r.used++
		t.Logf("%s: %s after %d s, %d rows acknowledged, %d lost. %s%s", title, o.Outcome, o.Seconds, o.Acknowledged, o.Lost, o.Then, o.Said)
		if err := shared.results.add(o); err != nil {
			t.Error(err)
		}
		if o.Outcome == stuck {
			r.c.tell()
			t.Fail()
		}
		if o.Outcome == idle && shared.wanted.sample {
			t.Errorf("the step has done nothing, so this case tries nothing: give it another one")
		}
		if o.Outcome == stuck || o.Outcome == decides {
			r.drop()
		}
	})
	if r.c != nil {
		r.c.t = r.t
	}
}

// drop gives a cluster up that is not whole.
func (r *round) drop() {
	r.c.remove()
	r.c = nil
}

// give leaves the cluster to another command, if it is as it was.
func (r *round) give() {
	switch {
	case r.c == nil:
	case r.cmd.wears > 0 || r.cmd.name == "start" || r.cmd.name == "create" && r.used == 0:
		r.c.remove()
	default:
		r.pool.put(r.c)
	}
	r.c = nil
}

// tell prints what there is to know of a cluster whose case got stuck.
func (c *cluster) tell() {
	for _, run := range c.runs {
		lines := strings.Split(strings.TrimSpace(run.stderr), "\n")
		c.t.Logf("--- gpk %s: exit status %d\n%s", strings.Join(run.args, " "), run.status, strings.Join(lines[max(0, len(lines)-12):], "\n"))
	}
	c.runs = nil
}

// sampleSteps are the steps of a command in the sample.
func sampleSteps(command string) (steps []string) {
	for _, one := range sample() {
		parts := strings.Split(one, "/")
		if parts[0] == command && !slices.Contains(steps, parts[2]) {
			steps = append(steps, parts[2])
		}
	}
	return steps
}
