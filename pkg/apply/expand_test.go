package apply

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"

	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
	"gpk/test/apitest"
)

// growth is a cluster that is given more segments, by one gpk after the other. With two segments to a pod, one of the new ones
// comes into a pod that is there, and one into a new pod.
type growth struct {
	t        *testing.T
	api      *apitest.API
	world    *fakeExpansion
	from, to *topology.Cluster
}

func newGrowth(t *testing.T) *growth {
	t.Helper()
	from := &topology.Cluster{Metadata: topology.Metadata{Name: apitest.Ref.Name, Namespace: apitest.Ref.Namespace}}
	from.Spec.Version, from.Spec.Image = "7.1.0", "registry.example/greenplum"
	from.Spec.Segments.Count, from.Spec.Segments.PerPod = 1, 2
	from.Spec.Segments.Storage.Size = new(resource.MustParse("10Gi"))
	from.Default()
	to := *from
	to.Spec.Segments.Count = 3
	made, err := plan.Create(from)
	if err != nil {
		t.Fatal(err)
	}
	api := apitest.New()
	g := &growth{t, api, newExpansion(api, topology.New(from), topology.New(&to)), from, &to}
	for _, object := range made.Objects() {
		copied := object.DeepCopyObject().(plan.Object)
		api.Put(copied)
		for _, pod := range runningPods(copied) {
			api.Put(pod)
		}
	}
	target := clusterFor(t, apitest.ConfigOf(api))
	if _, err := target.store.Decide(t.Context(), map[string]string{plan.StateCoordinator: g.world.acting, plan.StateDatabase: record.DatabaseRuns}); err != nil {
		t.Fatal(err)
	}
	if err := target.store.Keep(t.Context(), record.Record{Spec: "from"}); err != nil {
		t.Fatal(err)
	}
	return g
}

// expand is one gpk with the plan of the new segments.
func (g *growth) expand(begun bool, dieAt int) (int, error) {
	g.t.Helper()
	p, err := plan.Expand(g.from, g.to, g.world.acting, begun)
	if err != nil {
		g.t.Fatal(err)
	}
	// Who may use nodes and storage classes is no business of this fake.
	return g.run(p.Without("capacity"), Options{Result: "to"}, dieAt)
}

func (g *growth) undo(dieAt int) (int, error) {
	g.t.Helper()
	p, err := plan.Unexpand(g.from, g.to)
	if err != nil {
		g.t.Fatal(err)
	}
	return g.run(p, Options{}, dieAt)
}

// run is one gpk. Before its nth request that changes something it dies; 0 is never.
func (g *growth) run(p plan.Plan, options Options, dieAt int) (requests int, err error) {
	ctx, kill := context.WithCancel(g.t.Context())
	defer kill()
	url, stop := apitest.ServeAt(g.api)
	defer stop()
	var mutex sync.Mutex
	g.api.FailWith(func(r *http.Request) error {
		mutex.Lock()
		defer mutex.Unlock()
		if changes(r) && !strings.Contains(strings.Join(r.URL.Query()["command"], " "), "expand.sh facts") {
			requests++
		}
		if dieAt > 0 && requests >= dieAt && !strings.Contains(r.URL.Path+"/", "/leases/") {
			kill()
			return apierrors.NewServiceUnavailable("this gpk is dead")
		}
		return nil
	})
	target := clusterAt(g.t, url)
	kept, err := target.store.Record(ctx)
	if err != nil {
		g.t.Fatal(err)
	}
	options.Begun = kept.Unfinished
	if options.Begun == nil {
		options.Begun = &record.Unfinished{Operation: "expand", Since: time.Now(), Resume: "gpk expand --resume", Undo: "gpk expand --rollback", To: "to"}
	}
	_, err = target.Run(ctx, p, options, unheard())
	mutex.Lock()
	defer mutex.Unlock()
	return requests, err
}

func (g *growth) record() record.Record {
	g.t.Helper()
	g.api.FailWith(nil)
	record, err := clusterFor(g.t, apitest.ConfigOf(g.api)).store.Record(g.t.Context())
	if err != nil {
		g.t.Fatal(err)
	}
	return record
}

// expanded wants all that the expansion is about, once.
func (g *growth) expanded(when string) {
	g.t.Helper()
	w := g.world
	for _, violation := range w.violations {
		g.t.Errorf("%s: %s", when, violation)
	}
	if missing := w.catalogue.Missing(w.to); len(missing) > 0 || len(w.catalogue.Unhealthy()) > 0 || w.dispatched != 1 {
		g.t.Errorf("%s: missing %q, unhealthy %q, %d changes of the catalogue", when, missing, w.catalogue.Unhealthy(), w.dispatched)
	}
	if len(w.noted) > 0 || w.setup != segments.NoSetup || w.schema != "SETUP DONE" {
		g.t.Errorf("%s: noted %v, setup %s, schema %q", when, w.noted, w.setup, w.schema)
	}
	for _, i := range w.fresh() {
		if hba := w.hba[i.Pod+":"+i.Dir]; hba != segments.HBA(nil) {
			g.t.Errorf("%s: pg_hba.conf in %s is %q", when, i.Dir, hba)
		}
	}
	record := g.record()
	state := g.api.Get("configmaps", "demo-state").(*corev1.ConfigMap).Data
	if record.Spec != "to" || record.Unfinished != nil || strings.Count(state[plan.StateHosts], "\n") != 6 {
		g.t.Errorf("%s: kept %q, unfinished %v, hosts %q", when, record.Spec, record.Unfinished, state[plan.StateHosts])
	}
}

// asBefore wants nothing to be left of an expansion.
func (g *growth) asBefore(when string) {
	g.t.Helper()
	w := g.world
	for _, violation := range w.violations {
		g.t.Errorf("%s: %s", when, violation)
	}
	if len(w.catalogue) != len(w.from) || w.setup != segments.NoSetup || len(w.noted) > 0 {
		g.t.Errorf("%s: %d rows, setup %s, noted %v", when, len(w.catalogue), w.setup, w.noted)
	}
	for _, i := range w.fresh() {
		if slices.Contains(w.made[i.Pod], i.Dir) && i.Pod == "demo-primary-0" {
			g.t.Errorf("%s: %s is left in pod %s", when, i.Dir, i.Pod)
		}
	}
	for _, resource := range []string{"pods", "persistentvolumeclaims"} {
		if names := g.api.Names(resource); len(names) != 4 {
			g.t.Errorf("%s: %s %q", when, resource, names)
		}
	}
	if record := g.record(); record.Spec != "from" || record.Unfinished != nil {
		g.t.Errorf("%s: kept %q, unfinished %v", when, record.Spec, record.Unfinished)
	}
}

// A gpk that dies before any of its requests leaves something that the next one finishes.
func TestExpandSurvivesDeath(t *testing.T) {
	g := newGrowth(t)
	total, err := g.expand(false, 0)
	if err != nil {
		t.Fatal(err)
	}
	g.expanded("undisturbed")
	for n := 1; n <= total; n++ {
		t.Run(fmt.Sprintf("before request %d", n), func(t *testing.T) {
			t.Parallel()
			g := newGrowth(t)
			if _, err := g.expand(false, n); err == nil {
				t.Skip("fewer requests than before")
			}
			if _, err := g.expand(g.record().Unfinished != nil, 0); err != nil {
				t.Error(err)
			}
			g.expanded("after death")
		})
	}
}

// Wherever gpexpand itself is killed, the next run goes on from what the catalogue says, and forward only once that was changed.
func TestExpandSurvivesDeathOfGpexpand(t *testing.T) {
	for _, stage := range []string{"BUILD_SEGMENTS_STARTED", segments.CatalogueStarted, segments.CatalogueDone, "SETUP DONE"} {
		g := newGrowth(t)
		g.world.dies = stage
		// What it does last of all is done without it.
		if _, err := g.expand(false, 0); (err == nil) != (stage == "SETUP DONE") {
			t.Errorf("killed at %s: %v", stage, err)
		}
		if g.record().Unfinished != nil {
			if _, err := g.expand(true, 0); err != nil {
				t.Errorf("killed at %s, then again: %v", stage, err)
			}
		}
		g.expanded("killed at " + stage)
	}
}

// What has not come to change the catalogue is taken back, with the new pods and volumes and with no others, wherever the gpk
// that does it dies.
func TestExpandIsTakenBack(t *testing.T) {
	begin := func(t *testing.T) *growth {
		t.Helper()
		g := newGrowth(t)
		g.world.dies = "BUILD_SEGMENTS_STARTED"
		if _, err := g.expand(false, 0); err == nil {
			t.Fatal("no error")
		}
		return g
	}
	g := begin(t)
	total, err := g.undo(0)
	if err != nil {
		t.Fatal(err)
	}
	g.asBefore("undisturbed")
	for n := 1; n <= total; n++ {
		t.Run(fmt.Sprintf("before request %d", n), func(t *testing.T) {
			t.Parallel()
			g := begin(t)
			if _, err := g.undo(n); err == nil {
				t.Skip("fewer requests than before")
			}
			if _, err := g.undo(0); err != nil {
				t.Error(err)
			}
			g.asBefore("after death")
		})
	}
}

// With the new segments in the catalogue there may be rows on them: there is no way back.
func TestExpandIsNotTakenBackLate(t *testing.T) {
	for _, stage := range []string{segments.CatalogueStarted, segments.CatalogueDone, "SETUP DONE"} {
		g := newGrowth(t)
		g.world.dies = stage
		if _, err := g.expand(false, 0); (err == nil) != (stage == "SETUP DONE") {
			t.Errorf("killed at %s: %v", stage, err)
		}
		_, err := g.undo(0)
		wantBlocked(t, err, "rollback", "a rollback would lose the rows on them")
		if len(g.world.catalogue) != len(g.world.to) || len(g.api.Names("persistentvolumeclaims")) != 6 {
			t.Errorf("killed at %s: something was taken back", stage)
		}
	}
}

// What would not come to its end is refused before anything is changed.
func TestExpandRefused(t *testing.T) {
	tests := map[string]struct {
		spoil func(*growth)
		says  string
	}{
		"a mirror down":                      {func(g *growth) { g.world.catalogue[len(g.world.catalogue)-1].Status = "d" }, "is down"},
		"a mirror that has just been killed": {func(g *growth) { g.world.dying = 2 }, "is down"},
		"roles switched": {func(g *growth) {
			for i, row := range g.world.catalogue {
				if row.Content == 0 {
					g.world.catalogue[i].Role = map[topology.Role]topology.Role{"p": "m", "m": "p"}[row.Role]
				}
			}
		}, "acts as primary in place of its mirror"},
		"out of sync":       {func(g *growth) { g.world.catalogue[len(g.world.catalogue)-1].Mode = "n" }, "is not in sync"},
		"under way":         {func(g *growth) { g.world.schema = "SETUP DONE" }, "an earlier expansion is unfinished"},
		"somebody's setup":  {func(g *growth) { g.world.setup = "BUILD_SEGMENTS_STARTED" }, "a gpexpand that gpk did not start has stopped"},
		"nobody answers":    {func(g *growth) { g.world.silent = true }, "no coordinator answers"},
		"users' tablespace": {func(g *growth) { g.world.tablespace = `"fast"` }, "gpk cannot expand users' tablespaces: fast"},
		"a volume of before": {func(g *growth) {
			claim := &corev1.PersistentVolumeClaim{}
			claim.Name = "data-demo-primary-1"
			g.api.Put(claim)
		}, "PersistentVolumeClaim/data-demo-primary-1 exists"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g := newGrowth(t)
			test.spoil(g)
			requests, err := g.expand(false, 0)
			wantBlocked(t, err, "expandable", test.says)
			if requests > 0 || g.record().Unfinished != nil {
				t.Errorf("%d requests changed something", requests)
			}
		})
	}
}

// What would fill a volume is refused as well: the new one, or one that is there. The pods that are there have 93.1 GiB left.
func TestExpandNeedsRoom(t *testing.T) {
	const largestTable = "the volume of pod demo-primary-0 has 93.1 GiB free, and the largest table needs 200.0 GiB while it is redistributed"
	tests := map[string]struct {
		// size is that of the database, and largest that of its largest table.
		size, largest, volume int64
		says                  string
	}{
		"the largest table":                     {200 << 30, 200 << 30, 1 << 40, largestTable},
		"the share in a new pod":                {20 << 30, 1 << 20, 5 << 30, "a volume of 5.0 GiB for pod demo-primary-1 is too small: its segments need 7.2 GiB"},
		"a template beside the largest table":   {93 << 30, 93 << 30, 1 << 40, "the volume of pod demo-primary-0 has 93.1 GiB free, and 1 more segments need 93"},
		"the same where no volume size is kept": {93 << 30, 93 << 30, 0, "the volume of pod demo-primary-0 has 93.1 GiB free, and 1 more segments need 93"},
		"a share that an older segment gives":   {300 << 30, 1 << 20, 1 << 40, ""},
		"all of it":                             {270 << 30, 1 << 20, 1 << 40, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			g := newGrowth(t)
			g.world.size, g.world.largest = test.size, test.largest
			g.to.Spec.Segments.Storage.Size = nil
			if test.volume > 0 {
				g.to.Spec.Segments.Storage.Size = resource.NewQuantity(test.volume, resource.BinarySI)
			}
			requests, err := g.expand(false, 0)
			if test.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantBlocked(t, err, "room", test.says)
			if requests > 0 {
				t.Errorf("%d requests changed something", requests)
			}
		})
	}
}

// Directories that no expansion has made are left alone, in pods that are there as well.
func TestExpandKeepsForeignData(t *testing.T) {
	g := newGrowth(t)
	g.world.made["demo-primary-0"] = append(g.world.made["demo-primary-0"], "/greenplum/primary/gpseg1")
	_, err := g.expand(false, 0)
	wantBlocked(t, err, "setup", "no expansion made /greenplum/primary/gpseg1 in pod demo-primary-0")
	if _, err := g.undo(0); err != nil {
		t.Error(err)
	}
	if !slices.Contains(g.world.made["demo-primary-0"], "/greenplum/primary/gpseg1") {
		t.Error("the foreign data is gone")
	}
}

// After a failover the coordinator is in pod 1, and the dbids have a gap.
func TestExpandAfterFailover(t *testing.T) {
	g := newGrowth(t)
	g.world.acting = "demo-coordinator-1"
	g.world.catalogue = slices.DeleteFunc(g.world.catalogue, func(r segments.Row) bool { return r.DBID == 1 })
	for i, row := range g.world.catalogue {
		if row.Content == topology.CoordinatorContent {
			g.world.catalogue[i].DBID, g.world.catalogue[i].Role, g.world.catalogue[i].PreferredRole = 9, topology.Primary, topology.Primary
		}
	}
	if _, err := g.expand(false, 0); err != nil {
		t.Fatal(err)
	}
	g.world.catalogue = slices.DeleteFunc(g.world.catalogue, func(r segments.Row) bool { return r.Content < 1 })
	for i, row := range g.world.catalogue {
		if row.DBID != int32(10+i) {
			t.Errorf("dbid %d, want %d: %v", row.DBID, 10+i, row)
		}
	}
}

// gpk waits for the end of its own gpexpand. One that somebody has started by hand it neither follows nor starts another beside.
func TestRedistributeBesideAnother(t *testing.T) {
	g := newGrowth(t)
	if _, err := g.expand(false, 0); err != nil {
		t.Fatal(err)
	}
	start := plan.StartRedistribution(g.to, segments.Redistribution{Parallel: 1})
	g.world.byHand = true
	requests, err := g.run(start, Options{}, 0)
	wantBlocked(t, err, "redistribute", "gpk did not start the gpexpand that is running in pod demo-coordinator-0")
	if g.world.jobs["gpexpand-redistribute"] != nil {
		t.Errorf("gpexpand was started all the same, with %d requests", requests)
	}
	g.world.byHand = false
	for _, when := range []string{"nothing runs", "gpk's own runs"} {
		if _, err := g.run(start, Options{}, 0); err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	g.api.FailWith(nil)
	url, stop := apitest.ServeAt(g.api)
	defer stop()
	if under, err := clusterAt(t, url).redistribution.Follow(t.Context(), func(string) {}); err != nil || !under.Complete() {
		t.Errorf("followed: %+v, %v", under, err)
	}
	for _, violation := range g.world.violations {
		t.Error(violation)
	}
}
