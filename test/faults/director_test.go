//go:build faults

package faults

import (
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// director has one fault happen at one step of a command that goes through its proxy.
type director struct {
	c     *cluster
	fault fault
	step  string
	args  []string
	proxy *proxy
	first *process

	mutex  sync.Mutex
	random *rand.Rand
	// steps are those that were started, in order.
	steps []string
	// inside: the step has started. left is how many of its requests go on before the fault.
	inside   bool
	left     int
	happened bool
	// none: there was nothing to break at that moment.
	none     bool
	failure  error
	refusing bool
	// pod is the latest in which gpk ran a program, node one that the fault broke, and second another gpk.
	pod, node string
	second    *process
}

// direct is the director of a case. The seed and the case's name decide everything that is left to chance.
func (c *cluster) direct(f fault, step string, args []string, seed uint64, title string) *director {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(title))
	d := &director{c: c, fault: f, step: step, args: args, random: rand.New(rand.NewPCG(seed, hash.Sum64()))}
	d.left = 1 + d.random.IntN(4)
	return d
}

// draw is a number below n.
func (d *director) draw(n int) int {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return d.random.IntN(n)
}

// worked is the pod under work: the latest in which gpk ran a program.
func (d *director) worked() string {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.pod != "" {
		return d.pod
	}
	return name + "-coordinator-0"
}

// before is asked for every request.
func (d *director) before(r request) int {
	if d.due(r) {
		if d.fault.kills {
			d.first.kill()
			return http.StatusBadGateway
		}
		err := d.fault.do(d)
		d.mutex.Lock()
		if apierrors.IsNotFound(err) { // there is no pod yet, or no longer, to which anything could happen
			d.none, err = true, nil
		}
		d.failure = err
		d.mutex.Unlock()
	}
	d.mutex.Lock()
	dead, refusing := d.happened && d.fault.kills, d.refusing
	d.mutex.Unlock()
	switch {
	case dead:
		return http.StatusBadGateway // it was killed before this one was sent
	case refusing:
		return d.refusal(r)
	}
	return 0
}

// due notes where gpk is, and reports whether the fault is to happen now.
func (d *director) due(r request) bool {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if r.pod != "" {
		d.pod = r.pod
	}
	started, ended := r.note.Event == "started", r.note.Event == "done" || r.note.Event == "failed"
	if started && !slices.Contains(d.steps, r.note.Step) {
		d.steps = append(d.steps, r.note.Step)
	}
	ours := r.note.Step == d.step && r.note.Step != ""
	now := false
	switch {
	case d.happened || d.fault.when == never:
	case ours && started:
		d.inside = true
		now = d.fault.when == before
	case !d.inside:
	case ours && ended:
		now = true
	case d.fault.when == amid && !strings.Contains(r.URL.Path, "/leases/") && r.note.Event == "":
		d.left--
		now = d.left <= 0
	}
	if ours && ended {
		d.inside, d.refusing = false, false
	}
	d.happened = d.happened || now
	return now
}
