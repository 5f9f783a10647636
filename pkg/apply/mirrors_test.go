package apply

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
	"gpk/test/apitest"
)

// runOn is one gpk; before its nth change it dies. 0 is never.
func runOn(t *testing.T, n *apitest.Nodes, p plan.Plan, dieAt int32) (requests int32, outcome Outcome, lines []string, err error) {
	t.Helper()
	ctx, kill := context.WithCancel(t.Context())
	defer kill()
	url, stop := apitest.ServeAt(n.API)
	defer stop()
	var count atomic.Int32
	n.API.FailWith(func(r *http.Request) error {
		at := count.Load()
		if changes(r) {
			at = count.Add(1)
		}
		if dieAt > 0 && at >= dieAt && !strings.Contains(r.URL.Path+"/", "/leases/") {
			kill()
			return apierrors.NewServiceUnavailable("this gpk is dead")
		}
		return nil
	})
	tell := unheard()
	tell.Observe = func(e engine.Event) {
		if e.Kind == engine.Progress {
			lines = append(lines, e.Line)
		}
	}
	outcome, err = clusterAt(t, url).Run(ctx, p, Options{}, tell)
	n.API.FailWith(nil)
	n.API.Mutex.Lock()
	delete(n.API.Objects, "leases/demo-gpk")
	n.API.Mutex.Unlock()
	return count.Load(), outcome, lines, err
}

func TestMirrorsSpread(t *testing.T) {
	n := apitest.NewNodes("a", "b", "c", "a", "b", "c")
	p := apitest.Sets(t, apitest.Wide(t, 6))
	_, outcome, lines, err := runOn(t, n, p, 0)
	if err != nil || outcome.Changed != 1 {
		t.Fatalf("%d steps, error %v", outcome.Changed, err)
	}
	if diff := cmp.Diff([]string{"b", "c", "a", "c", "a", "b"}, n.Mirrors(t)); diff != "" {
		t.Errorf("mirrors (-want +got):\n%s", diff)
	}
	if said := strings.Join(lines, "\n"); strings.Contains(said, "one other node") {
		t.Errorf("said: %s", said)
	}
	if _, outcome, _, err := runOn(t, n, p, 0); err != nil || outcome.Changed != 0 {
		t.Errorf("again: %d steps, error %v", outcome.Changed, err)
	}
	if drift, err := clusterFor(t, apitest.Served(t, n.API)).Drift(t.Context(), p); err != nil || len(drift) > 0 {
		t.Errorf("drift %v, error %v", drift, err)
	}
}

// gpk dies before each of its changes, and the next one finishes.
func TestMirrorsSpreadCrashes(t *testing.T) {
	p := apitest.Sets(t, apitest.Wide(t, 6))
	whole, _, _, err := runOn(t, apitest.NewNodes("a", "b", "c", "a", "b", "c"), p, 0)
	if err != nil {
		t.Fatal(err)
	}
	var halfway atomic.Int32
	var group errgroup.Group
	group.SetLimit(8)
	for dieAt := int32(1); dieAt <= whole; dieAt++ {
		group.Go(func() error {
			if dieAndResume(t, p, dieAt) {
				halfway.Add(1)
			}
			return nil
		})
	}
	_ = group.Wait()
	if halfway.Load() < 8 {
		t.Errorf("%d of %d deaths left gates behind: too few to mean anything", halfway.Load(), whole)
	}
}

func dieAndResume(t *testing.T, p plan.Plan, dieAt int32) (gatesLeft bool) {
	n := apitest.NewNodes("a", "b", "c", "a", "b", "c")
	if _, _, _, err := runOn(t, n, p, dieAt); err == nil {
		t.Errorf("dead before change %d: it does not say so", dieAt)
	}
	if set, made := n.API.Get("statefulsets", "demo-mirror").(*appsv1.StatefulSet); made {
		gatesLeft = plan.IsGated(&set.Spec.Template.Spec)
		for _, pod := range n.API.Names("pods") {
			gatesLeft = gatesLeft || plan.IsGated(&n.API.Get("pods", pod).(*corev1.Pod).Spec)
		}
		previews, err := clusterFor(t, apitest.Served(t, n.API)).Preview(t.Context(), p)
		if err != nil || gatesLeft && previews[0].Finding.State == engine.Done {
			t.Errorf("dead before change %d: nobody is told that gates are left; error %v", dieAt, err)
		}
	}
	if _, _, _, err := runOn(t, n, p, 0); err != nil {
		t.Errorf("dead before change %d: the next one fails: %v", dieAt, err)
	}
	if got := strings.Join(n.Mirrors(t), " "); got != "b c a c a b" {
		t.Errorf("dead before change %d: the mirrors are on %s", dieAt, got)
	}
	if _, outcome, _, err := runOn(t, n, p, 0); err != nil || outcome.Changed != 0 {
		t.Errorf("dead before change %d: a third one has %d steps to do, error %v", dieAt, outcome.Changed, err)
	}
	return gatesLeft
}

// What cannot be spread, or is not to be, is made as ever; what is there already is left alone.
func TestMirrorsNotHeld(t *testing.T) {
	for name, change := range map[string]func(*topology.Cluster){
		"three pods":       func(c *topology.Cluster) { c.Spec.Segments.Count = 3 },
		"no mirrors":       func(c *topology.Cluster) { c.Spec.Segments.Mirrors = new(false) },
		"no anti-affinity": func(c *topology.Cluster) { c.Spec.Segments.AntiAffinity = topology.AntiAffinityNone },
		"zones":            func(c *topology.Cluster) { c.Spec.Segments.TopologyKey = "topology.kubernetes.io/zone" },
	} {
		c := apitest.Wide(t, 6)
		change(c)
		n := apitest.NewNodes("a", "b", "c", "a", "b", "c")
		if _, _, _, err := runOn(t, n, apitest.Sets(t, c), 0); err != nil || n.Gated > 0 {
			t.Errorf("%s: %d pods were held back, error %v", name, n.Gated, err)
		}
	}
	n := apitest.NewNodes("a", "b", "c", "a", "b", "c")
	c := apitest.Wide(t, 6)
	if _, _, _, err := runOn(t, n, apitest.Sets(t, c), 0); err != nil || n.Gated != 6 {
		t.Fatalf("%d pods were held back, error %v", n.Gated, err)
	}
	c.Spec.Segments.PriorityClassName = "high"
	if _, outcome, _, err := runOn(t, n, apitest.Sets(t, c), 0); err != nil || outcome.Changed != 1 || n.Gated != 6 {
		t.Errorf("a change: %d steps, %d pods were held back, error %v", outcome.Changed, n.Gated, err)
	}
}

// What the scheduler did otherwise is said and is no failure.
func TestMirrorsCrowded(t *testing.T) {
	n := apitest.NewNodes("a", "b", "c", "a", "b", "c")
	stored := n.API.Stored
	n.API.Stored = func(object plan.Object) []plan.Object {
		if pod, ok := object.(*corev1.Pod); ok && len(pod.Spec.SchedulingGates) == 0 && pod.Spec.NodeName == "" {
			pod.Spec.NodeName = n.Homes[pod.Name]
			n.API.Tell(apitest.Key("pods", pod.Name), "MODIFIED", pod)
		}
		return stored(object)
	}
	_, _, lines, err := runOn(t, n, apitest.Sets(t, apitest.Wide(t, 6)), 0)
	if err != nil {
		t.Fatal(err)
	}
	said := strings.Join(lines, "\n")
	for _, node := range []string{"a", "b", "c"} {
		if !strings.Contains(said, "primaries on node "+node+" are on one other node") {
			t.Errorf("nothing is said of node %s: %s", node, said)
		}
	}
}

// What the user's own patch says of scheduling stays.
func TestMirrorsWithPatch(t *testing.T) {
	n := apitest.NewNodes("a", "b", "c", "a", "b", "c")
	c := apitest.Wide(t, 6)
	own := corev1.PreferredSchedulingTerm{Weight: 7, Preference: corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{
		{Key: "disk", Operator: corev1.NodeSelectorOpIn, Values: []string{"ssd"}}}}}
	c.Spec.PodTemplate = &corev1.PodTemplateSpec{Spec: corev1.PodSpec{Affinity: &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
		PreferredDuringSchedulingIgnoredDuringExecution: []corev1.PreferredSchedulingTerm{own}}}}}
	if _, _, _, err := runOn(t, n, apitest.Sets(t, c), 0); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(n.Mirrors(t), " "); got != "b c a c a b" {
		t.Errorf("the mirrors are on %s", got)
	}
	pod := n.API.Get("pods", "demo-mirror-0").(*corev1.Pod)
	terms := pod.Spec.Affinity.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution
	if len(terms) != 2 || !cmp.Equal(terms[0], own) {
		t.Errorf("the pod prefers %v", terms)
	}
}
