//go:build faults

package faults

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// outcome is what came of a case.
type outcome struct {
	Command string `json:"command"`
	Fault   string `json:"fault"`
	Step    string `json:"step,omitempty"`
	Seed    uint64 `json:"seed"`
	Outcome string `json:"outcome"`
	// Then is what it took to make the cluster whole after the command had come to its end.
	Then         string `json:"then,omitempty"`
	Acknowledged int    `json:"acknowledged"`
	Lost         int    `json:"lost"`
	Seconds      int    `json:"seconds"`
	Said         string `json:"said,omitempty"`
	// On is the index of the versions.
	On int `json:"on"`
	// steps are those that were started.
	steps []string
	// broken: the fault itself could not happen, which says nothing about gpk.
	broken bool
}

func (o outcome) title() string { return strings.TrimSuffix(o.Command+"/"+o.Fault+"/"+o.Step, "/") }

// versions are what cases ran on, and the day.
type versions struct {
	Date       string `json:"date"`
	GPK        string `json:"gpk"`
	Database   string `json:"database"`
	Kubernetes string `json:"kubernetes"`
}

// results are kept from run to run.
type results struct {
	Versions []versions          `json:"versions"`
	Steps    map[string][]string `json:"steps"`
	Cases    []outcome           `json:"cases"`
	// Takeovers are by seed and by the database that they ran on.
	Takeovers []takeover `json:"takeovers,omitempty"`

	mutex sync.Mutex
	now   versions
	path  string
}

func readResults() (*results, error) {
	r := &results{Steps: map[string][]string{}, path: "results.json"}
	return r, r.read()
}

func (r *results) read() error {
	data, err := os.ReadFile(r.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		r.Versions, r.Cases, r.Takeovers = nil, nil, nil
		err = json.Unmarshal(data, r)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", r.path, err)
	}
	return nil
}

// locked keeps other runs from a file.
func locked(path string) (unlock func(), err error) {
	file, err := os.OpenFile(filepath.Join(os.TempDir(), "gpk-faults-"+filepath.Base(path)+".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	return func() { _ = file.Close() }, syscall.Flock(int(file.Fd()), syscall.LOCK_EX)
}

// ranOn notes what the cases of this run run on.
func (r *results) ranOn(s suite) error {
	gpk, kubernetes, err := s.versions()
	if err != nil {
		return err
	}
	r.now = versions{time.Now().UTC().Format(time.DateOnly), strings.TrimSpace(gpk), s.image, kubernetes}
	return nil
}

// index is the place of some versions, which are added if they are not there.
func (r *results) index(v versions) int {
	if i := slices.Index(r.Versions, v); i >= 0 {
		return i
	}
	r.Versions = append(r.Versions, v)
	return len(r.Versions) - 1
}

// has reports whether a case has come to its end with a seed.
func (r *results) has(title string, seed uint64) bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return slices.ContainsFunc(r.Cases, func(o outcome) bool { return o.title() == title && o.Seed == seed && o.Outcome != stuck })
}

// idles reports whether a step of a command had nothing to do in a case.
func (r *results) idles(command, step string) bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return slices.ContainsFunc(r.Cases, func(o outcome) bool { return o.Command == command && o.Step == step && o.Outcome == idle })
}

// knows reports whether the command has run undisturbed, so that its steps are known.
func (r *results) knows(command string) bool { return len(r.steps(command)) > 0 }

func (r *results) steps(command string) []string {
	if shared.wanted.sample {
		return sampleSteps(command)
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return slices.Clone(r.Steps[command])
}

// add keeps the outcome of a case, in the place of an earlier one with the same seed. The sample of `make test` keeps nothing.
func (r *results) add(o outcome) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if shared.wanted.sample || o.broken {
		return nil
	}
	return r.keep(func() {
		o.On = r.index(r.now)
		if o.Fault == undisturbed && len(o.steps) > 0 {
			r.Steps[o.Command] = o.steps
		}
		r.Cases = slices.DeleteFunc(r.Cases, func(other outcome) bool { return other.title() == o.title() && other.Seed == o.Seed })
		r.Cases = append(r.Cases, o)
		slices.SortStableFunc(r.Cases, func(a, b outcome) int { return cmp.Or(cmp.Compare(a.title(), b.title()), cmp.Compare(a.Seed, b.Seed)) })
	})
}

// hasTakeover reports whether a takeover with a seed has come to its end on this database.
func (r *results) hasTakeover(seed uint64) bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return slices.ContainsFunc(r.Takeovers, func(o takeover) bool {
		return o.Seed == seed && r.Versions[o.On].Database == r.now.Database && o.Outcome != stuck
	})
}

// addTakeover keeps what came of a takeover, in the place of an earlier one with the same seed on the same database.
func (r *results) addTakeover(o takeover) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.keep(func() {
		o.On = r.index(r.now)
		r.Takeovers = slices.DeleteFunc(r.Takeovers, func(other takeover) bool {
			return other.Seed == o.Seed && r.Versions[other.On].Database == r.now.Database
		})
		r.Takeovers = append(r.Takeovers, o)
		slices.SortStableFunc(r.Takeovers, func(a, b takeover) int {
			return cmp.Or(cmp.Compare(r.Versions[a.On].Database, r.Versions[b.On].Database), cmp.Compare(a.Seed, b.Seed))
		})
	})
}

// keep changes the file, to which another run may have added something.
func (r *results) keep(change func()) error {
	unlock, err := locked(r.path)
	if err != nil {
		return err
	}
	defer unlock()
	if err := r.read(); err != nil {
		return err
	}
	change()
	data, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(r.path, append(data, '\n'), 0o644)
}
