package apply

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
	"gpk/test/apitest"
)

// creation is a cluster that is being made, by one gpk after the other.
type creation struct {
	t        *testing.T
	api      *apitest.API
	database *fakeDatabase
	plan     plan.Plan
}

func newCreation(t *testing.T) *creation {
	t.Helper()
	c := apitest.Cluster(t)
	p, err := plan.Create(c)
	if err != nil {
		t.Fatal(err)
	}
	api := apitest.New()
	api.Put(&corev1.Secret{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Name: "passwords", Namespace: apitest.Ref.Namespace}, Data: map[string][]byte{"visitor": []byte("open sesame")}})
	return &creation{t, api, newDatabase(api, topology.New(c)), p}
}

// handlerOf is what carries out an action.
func handlerOf(t *testing.T, target *Target, action plan.Action) engine.Handler {
	t.Helper()
	h, err := target.handlers.Of(plan.Step{Action: action})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// changes says whether a request to the API server or to a pod changes anything. That its lock does by itself does not
// count. Following a job does, since that is when the fake's jobs come to their end. SQL does not, since what it is cannot be
// seen: each of the few that change something comes right after one of the others.
func changes(r *http.Request) bool {
	command := strings.Join(r.URL.Query()["command"], " ")
	switch {
	case strings.Contains(r.URL.Path+"/", "/leases/"), r.URL.Query().Get("dryRun") != "":
		return false
	case command == "":
		return r.Method != http.MethodGet
	}
	return !regexp.MustCompile(`/(image|reach|ready|session|why)\.sh|coordinator\.sh (asides|following|latest|missing|timelines)|job\.sh (state|tail)|instances\.sh (facts|coordinator)|everywhere\.sh (instances\.sh facts|hba\.sh check)|run\.sh (cat|psql|gpconfig -s)`).MatchString(command)
}

// run is one gpk. Before its nth request that changes something it dies; 0 is never.
func (c *creation) run(dieAt int) (requests int, outcome Outcome, err error) {
	ctx, kill := context.WithCancel(c.t.Context())
	defer kill()
	url, stop := apitest.ServeAt(c.api)
	defer stop()
	var mutex sync.Mutex
	c.api.FailWith(func(r *http.Request) error {
		mutex.Lock()
		defer mutex.Unlock()
		if changes(r) {
			requests++
		}
		if dieAt > 0 && requests >= dieAt && !strings.Contains(r.URL.Path+"/", "/leases/") {
			kill()
			return apierrors.NewServiceUnavailable("this gpk is dead")
		}
		return nil
	})
	outcome, err = clusterAt(c.t, url).Run(ctx, c.plan, Options{Spec: "spec"}, unheard())
	mutex.Lock()
	defer mutex.Unlock()
	return requests, outcome, err
}

func (c *creation) check(when string) {
	c.t.Helper()
	d := c.database
	d.mutex.Lock()
	defer d.mutex.Unlock()
	for _, violation := range d.violations {
		c.t.Errorf("%s: %s", when, violation)
	}
	if !d.up || !d.complete || !d.standby || !d.database || !d.rows || !d.extension {
		c.t.Errorf("%s: up %t, complete %t, standby %t, database %t, rows %t, extension %t", when, d.up, d.complete, d.standby, d.database, d.rows, d.extension)
	}
	if d.config["search_path"] != "analytics, public" || d.stale != "" {
		c.t.Errorf("%s: settings %q, the instances need a %q", when, d.config, d.stale)
	}
	if !segments.PasswordMatches(d.roles["visitor"], "visitor", "open sesame") {
		c.t.Errorf("%s: roles %q", when, d.roles)
	}
	for _, utility := range []string{"gpinitsystem", "gpinitstandby"} {
		if d.finished[utility] != 1 {
			c.t.Errorf("%s: %s finished %d times", when, utility, d.finished[utility])
		}
	}
}

func TestCreateOverFakes(t *testing.T) {
	c := newCreation(t)
	requests, outcome, err := c.run(0)
	if err != nil || outcome.Changed == 0 {
		t.Fatalf("%d steps, error %v; %q", outcome.Changed, err, c.database.violations)
	}
	c.check("created")
	if c.database.begun["gpinitsystem"] != 1 || c.database.begun["gpinitstandby"] != 1 {
		t.Errorf("begun %v", c.database.begun)
	}
	record, err := clusterFor(t, apitest.Served(t, c.api)).store.Record(t.Context())
	if err != nil || record.Spec != "spec" || len(record.Journal) < 2*outcome.Changed {
		t.Errorf("the record has %d entries, error %v", len(record.Journal), err)
	}
	again, outcome, err := c.run(0)
	if err != nil || outcome.Changed != 0 {
		t.Errorf("again: %d steps, error %v", outcome.Changed, err)
	}
	if again >= requests {
		t.Errorf("again: %d requests, and %d for all", again, requests)
	}
}

// gpk dies before each request to the API server or to a pod that changes something, which is after the one before. The
// utilities that it has started die as well, go on to their end unseen, or still run then. The next gpk finishes, and nothing is made twice
// or lost.
func TestCreateCrashesAnywhere(t *testing.T) {
	whole, _, err := newCreation(t).run(0)
	if err != nil {
		t.Fatal(err)
	}
	var ran atomic.Int32
	var group errgroup.Group
	group.SetLimit(16)
	for request := 1; request <= whole; request++ {
		group.Go(func() error {
			if jobs := crash(t, request, "end unseen"); jobs > 0 {
				crash(t, request, "die")
				crash(t, request, "still run")
				ran.Add(1)
			}
			return nil
		})
	}
	_ = group.Wait()
	if whole < 40 || ran.Load() < 2 {
		t.Errorf("%d changes, utilities running at %d of them: too few to mean anything", whole, ran.Load())
	}
}

// crash returns how many utilities ran when gpk died. They end, die or run on.
func crash(t *testing.T, request int, utilities string) (jobs int) {
	when := fmt.Sprintf("dead before change %d, utilities %s", request, utilities)
	c := newCreation(t)
	if _, _, err := c.run(request); err == nil {
		// Requests of one step run side by side, so that there may have been fewer.
		return 0
	}
	c.database.mutex.Lock()
	for _, j := range c.database.jobs() {
		jobs++
		switch utilities {
		case "end unseen":
			c.database.end(j)
		case "die":
			j.state = "lost"
		}
	}
	c.database.mutex.Unlock()
	c.database.ready()
	// The dead one's lease has run out.
	c.api.Mutex.Lock()
	delete(c.api.Objects, "leases/demo-gpk")
	c.api.Mutex.Unlock()
	if _, _, err := c.run(0); err != nil {
		t.Errorf("%s: the next one fails: %v", when, err)
		return jobs
	}
	c.check(when)
	if _, outcome, err := c.run(0); err != nil || outcome.Changed != 0 {
		t.Errorf("%s: a third one has %d steps to do, error %v", when, outcome.Changed, err)
	}
	return jobs
}

// A preview asks and changes nothing, whatever there is.
func TestPreviewChangesNothing(t *testing.T) {
	c := newCreation(t)
	for _, when := range []string{"before", "after"} {
		c.api.Requests = nil
		begun := fmt.Sprint(c.database.begun)
		previews, err := clusterFor(t, apitest.Served(t, c.api)).Preview(t.Context(), c.plan)
		if err != nil {
			t.Fatal(err)
		}
		if changes := slices.DeleteFunc(slices.Clone(c.api.Requests), func(r string) bool { return strings.HasSuffix(r, " All") }); len(changes) > 0 {
			t.Errorf("%s: a preview asks for %q", when, changes)
		}
		if now := fmt.Sprint(c.database.begun); now != begun {
			t.Errorf("%s: a preview began %s", when, now)
		}
		for _, preview := range previews {
			// The room for the pods and the user's Secret are there beforehand, and the API server takes everything.
			given := slices.Contains([]string{"capacity", "secret", "admissible"}, preview.Step.ID)
			if done := preview.Finding.State == engine.Done; done != (when == "after") && !given {
				t.Errorf("%s: step %s is %s: %q", when, preview.Step.ID, preview.Finding.State, preview.Finding.Details)
			}
		}
		if when == "before" {
			if _, _, err := c.run(0); err != nil {
				t.Fatal(err)
			}
		}
	}
}
