package objects

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
	"gpk/test/apitest"
	"gpk/test/roomtest"
)

// earlier is a fake of a cluster whose pods were made from an earlier cluster.yaml. Its StatefulSets recreate a pod that is gone.
type earlier struct {
	api *apitest.API
	// marker and job are what the pods say of gpinitsystem, and instance of their instance.
	marker, job, instance string
}

var earlierPods = []string{"demo-coordinator-0", "demo-primary-0", "demo-primary-1"}

func newEarlier() *earlier {
	e := &earlier{apitest.New(), "none", "absent", "absent"}
	for _, set := range []string{"demo-coordinator", "demo-primary"} {
		e.api.Put(&appsv1.StatefulSet{ObjectMeta: apitest.Meta(set, "demo"), Status: appsv1.StatefulSetStatus{UpdateRevision: "new"}})
	}
	for _, name := range earlierPods {
		e.put(name, apitest.Runs(), "old")
	}
	e.api.Exec = func(_ string, argv []string, _ io.Reader, out, _ io.Writer) int {
		switch asked := strings.Join(argv, " "); {
		case strings.Contains(asked, "job.sh"):
			fmt.Fprintln(out, e.job)
		case strings.Contains(asked, "instances.sh"):
			fmt.Fprintf(out, "marker %s\n", e.marker)
			for _, dir := range argv[3:] {
				fmt.Fprintf(out, "instance %s %s\n", dir, e.instance)
			}
			fmt.Fprintln(out, "end")
		}
		if strings.Contains(strings.Join(argv, " "), "instances.sh coordinator") {
			return 2
		}
		return 0
	}
	e.api.FailWith(func(r *http.Request) error {
		for _, name := range earlierPods {
			if r.Method == http.MethodGet && e.api.Get("pods", name) == nil {
				e.put(name, apitest.Runs(), "new")
			}
		}
		return nil
	})
	return e
}

func (e *earlier) put(name string, state corev1.ContainerState, revision string) {
	pod := apitest.Pod(name, state, false)
	set := name[:strings.LastIndex(name, "-")]
	pod.Labels[appsv1.StatefulSetRevisionLabel] = revision
	pod.Labels[plan.ComponentLabel] = strings.TrimPrefix(set, "demo-")
	pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "StatefulSet", Name: set, Controller: new(true)}}
	e.api.Put(pod)
}

// expose has the clients' Service lead to a pod.
func (e *earlier) expose() {
	e.api.Put(&corev1.Service{ObjectMeta: apitest.Meta("demo", "demo"), Spec: corev1.ServiceSpec{Selector: map[string]string{"a": "b"}}})
}

func (e *earlier) revisions() string {
	var found []string
	for _, name := range earlierPods {
		found = append(found, e.api.Get("pods", name).GetLabels()[appsv1.StatefulSetRevisionLabel])
	}
	return strings.Join(found, " ")
}

func (e *earlier) handler(t *testing.T) *runningHandler {
	c := roomtest.New(t, apitest.Served(t, e.api))
	instance := func(pod, dir string) topology.Instance { return topology.Instance{Pod: pod, Dir: dir} }
	return &runningHandler{store: c.Store, pods: c.Pods, db: c.DB, action: plan.Running{Pods: earlierPods, Unmade: &plan.Unmade{Service: "demo",
		Instances: []topology.Instance{instance(earlierPods[0], topology.CoordinatorDir), instance(earlierPods[1], "/a"), instance(earlierPods[2], "/b")}}}}
}

// A database is made in pods of the present cluster.yaml only. Pods of one that is there stay.
func TestEarlierPods(t *testing.T) {
	for name, test := range map[string]struct {
		change  func(*earlier)
		state   engine.State
		renewed bool
	}{
		"no database":         {func(*earlier) {}, engine.Pending, true},
		"one that failed":     {func(e *earlier) { e.marker, e.job, e.instance = "initialising", "exited 1", "stopped" }, engine.Pending, true},
		"one is being made":   {func(e *earlier) { e.job = "running 2026-11-22T12:00:00Z" }, engine.Done, false},
		"one has been made":   {func(e *earlier) { e.marker, e.instance = "initialised", "stopped" }, engine.Done, false},
		"clients know of one": {(*earlier).expose, engine.Done, false},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEarlier()
			test.change(e)
			h := e.handler(t)
			finding, err := h.Check(t.Context())
			if err != nil || finding.State != test.state {
				t.Fatalf("%+v, error %v", finding, err)
			}
			if err := h.Do(t.Context(), func(string) {}); err != nil {
				t.Fatal(err)
			}
			if got, want := e.revisions(), map[bool]string{true: "new new new", false: "old old old"}[test.renewed]; got != want {
				t.Errorf("the pods are of the revisions %s", got)
			}
			if finding, err := h.Check(t.Context()); err != nil || finding.State != engine.Done {
				t.Errorf("afterwards: %+v, error %v", finding, err)
			}
		})
	}
}

// While no coordinator's pod runs, nobody says that there is no database. Then an empty volume shows that a pod has none.
func TestEarlierPodsBesideNoCoordinator(t *testing.T) {
	for instance, want := range map[string]string{"absent": "old new new", "stopped": "old old old"} {
		e := newEarlier()
		e.instance = instance
		e.put(earlierPods[0], apitest.Waits("ContainerCreating", ""), "old")
		h := e.handler(t)
		renewed, err := h.renew(t.Context(), func(string) {})
		if _, err := h.Check(t.Context()); err != nil {
			t.Error(err)
		}
		if got := e.revisions(); err != nil || got != want || renewed != (want != "old old old") {
			t.Errorf("%s: renewed %v, error %v, revisions %s", instance, renewed, err, got)
		}
	}
}

// diff shows the pods of an earlier template, and what to type.
func TestEarlierPodsCompared(t *testing.T) {
	e := newEarlier()
	const coordinators, primaries = "pod demo-coordinator-0 was made from an earlier template of StatefulSet/demo-coordinator",
		"pod demo-primary-0 and 1 more were made from an earlier template of StatefulSet/demo-primary"
	for _, next := range []string{"", "pods are recreated while the database is down: run `gpk stop --scale-to-zero`, then `gpk start`"} {
		found, err := e.handler(t).Compared(t.Context())
		var lines []string
		for _, d := range found {
			lines = append(lines, d.Found+"|"+d.Next.String())
		}
		if want := []string{coordinators + "|" + next, primaries + "|" + next}; err != nil || !slices.Equal(lines, want) {
			t.Errorf("%q, error %v", lines, err)
		}
		e.expose()
	}
	e = newEarlier()
	e.expose()
	for _, name := range earlierPods {
		e.put(name, apitest.Runs(), "new")
	}
	if found, err := e.handler(t).Compared(t.Context()); err != nil || len(found) > 0 {
		t.Errorf("the latest: %+v, error %v", found, err)
	}
}
