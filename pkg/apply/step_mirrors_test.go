package apply

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

// fakeNodes is a fake of the StatefulSet controller and of the scheduler, over the API in memory: pods are made from their
// set's template, and those without a gate get the node that they prefer, or the one that is given for their primary. Real
// ones cannot be stopped at each request.
type fakeNodes struct {
	api   *memoryAPI
	nodes map[string]string
	// gated is how many pods were made that waited.
	gated int
}

func newNodes(primaries ...string) *fakeNodes {
	n := &fakeNodes{api: newAPI(), nodes: map[string]string{}}
	for ordinal, node := range primaries {
		n.nodes[fmt.Sprintf("demo-primary-%d", ordinal)] = node
		// Left to itself, this scheduler crowds.
		n.nodes[fmt.Sprintf("demo-mirror-%d", ordinal)] = map[string]string{"a": "b", "b": "a", "c": "a", "": "a"}[node]
	}
	n.api.stored = n.stored
	return n
}

func (n *fakeNodes) stored(object plan.Object) []plan.Object {
	switch o := object.(type) {
	case *appsv1.StatefulSet:
		o.Status.UpdateRevision = revisionOf(o)
		var pods []plan.Object
		for _, name := range podsIn(o) {
			pod := &corev1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
				ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: o.Namespace, Labels: maps.Clone(o.Spec.Template.Labels)}, Spec: *o.Spec.Template.Spec.DeepCopy()}
			for _, claim := range o.Spec.VolumeClaimTemplates {
				pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: claim.Name, VolumeSource: corev1.VolumeSource{
					PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim.Name + "-" + name}}})
			}
			pod.Labels[appsv1.StatefulSetRevisionLabel] = o.Status.UpdateRevision
			if plan.IsGated(&pod.Spec) {
				n.gated++
			}
			n.schedule(pod)
			pods = append(pods, pod)
		}
		return pods
	case *corev1.Pod:
		if o.Spec.NodeName == "" && n.schedule(o) {
			n.api.tell(key("pods", o.Name), "MODIFIED", o)
		}
	}
	return nil
}

func (n *fakeNodes) schedule(pod *corev1.Pod) bool {
	if len(pod.Spec.SchedulingGates) > 0 {
		return false
	}
	pod.Spec.NodeName = n.nodes[pod.Name]
	if wish := wishOf(pod); wish != "" {
		pod.Spec.NodeName = wish
	}
	return pod.Spec.NodeName != ""
}

// podsIn are the names of a StatefulSet's pods.
func podsIn(set *appsv1.StatefulSet) []string {
	var names []string
	for ordinal := range *set.Spec.Replicas {
		names = append(names, fmt.Sprintf("%s-%d", set.Name, ordinal))
	}
	return names
}

func revisionOf(set *appsv1.StatefulSet) string {
	text, err := json.Marshal(set.Spec.Template)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("%s-%.4x", set.Name, sha256.Sum256(text))
}

// wishOf is the node that a pod prefers by its name.
func wishOf(pod *corev1.Pod) string {
	if pod.Spec.Affinity == nil || pod.Spec.Affinity.NodeAffinity == nil {
		return ""
	}
	for _, term := range pod.Spec.Affinity.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution {
		for _, field := range term.Preference.MatchFields {
			return field.Values[0]
		}
	}
	return ""
}

// sets is the step of a plan that makes the StatefulSets, alone.
func sets(t *testing.T, c *topology.Cluster) plan.Plan {
	t.Helper()
	p, err := plan.Create(c)
	if err != nil {
		t.Fatal(err)
	}
	p.Steps = slices.DeleteFunc(p.Steps, func(s plan.Step) bool { return s.ID != "pods" })
	return p
}

func wide(t *testing.T, count int32) *topology.Cluster {
	c := shape(t)
	c.Spec.Segments.Count = count
	return c
}

// mirrors are where the mirrors run, and what is wrong with them.
func (n *fakeNodes) mirrors(t *testing.T) (nodes []string) {
	t.Helper()
	n.api.mutex.Lock()
	defer n.api.mutex.Unlock()
	set := n.api.objects["statefulsets/demo-mirror"].(*appsv1.StatefulSet)
	if gates := set.Spec.Template.Spec.SchedulingGates; len(gates) > 0 {
		t.Errorf("later pods would be gated: %v", gates)
	}
	for _, name := range podsIn(set) {
		pod := n.api.objects[key("pods", name)].(*corev1.Pod)
		if revision := pod.Labels[appsv1.StatefulSetRevisionLabel]; revision != set.Status.UpdateRevision {
			t.Errorf("pod %s is of revision %s and would be taken for outdated, which %s is not", name, revision, set.Status.UpdateRevision)
		}
		if pod.Spec.Affinity.PodAntiAffinity == nil {
			t.Errorf("pod %s may run beside its primary", name)
		}
		nodes = append(nodes, pod.Spec.NodeName)
	}
	return nodes
}

// runOn is one gpk; before its nth change it dies. 0 is never.
func runOn(t *testing.T, n *fakeNodes, p plan.Plan, dieAt int32) (requests int32, outcome Outcome, lines []string, err error) {
	t.Helper()
	ctx, kill := context.WithCancel(t.Context())
	defer kill()
	url, stop := n.api.serveAt()
	defer stop()
	var count atomic.Int32
	n.api.failWith(func(r *http.Request) error {
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
	outcome, err = targetAt(t, url).Run(ctx, p, Options{Waiting: func(string) {}}, func(e Event) {
		if e.Kind == Progress {
			lines = append(lines, e.Line)
		}
	})
	n.api.failWith(nil)
	n.api.mutex.Lock()
	delete(n.api.objects, "leases/demo-gpk")
	n.api.mutex.Unlock()
	return count.Load(), outcome, lines, err
}

func TestMirrorsSpread(t *testing.T) {
	n := newNodes("a", "b", "c", "a", "b", "c")
	p := sets(t, wide(t, 6))
	_, outcome, lines, err := runOn(t, n, p, 0)
	if err != nil || outcome.Changed != 1 {
		t.Fatalf("%d steps, error %v", outcome.Changed, err)
	}
	if diff := cmp.Diff([]string{"b", "c", "a", "c", "a", "b"}, n.mirrors(t)); diff != "" {
		t.Errorf("mirrors (-want +got):\n%s", diff)
	}
	if said := strings.Join(lines, "\n"); strings.Contains(said, "one other node") {
		t.Errorf("said: %s", said)
	}
	if _, outcome, _, err := runOn(t, n, p, 0); err != nil || outcome.Changed != 0 {
		t.Errorf("again: %d steps, error %v", outcome.Changed, err)
	}
	if drift, err := n.api.served(t).Drift(t.Context(), p); err != nil || len(drift) > 0 {
		t.Errorf("drift %v, error %v", drift, err)
	}
}

// gpk dies before each of its changes, and the next one finishes.
func TestMirrorsSpreadCrashes(t *testing.T) {
	p := sets(t, wide(t, 6))
	whole, _, _, err := runOn(t, newNodes("a", "b", "c", "a", "b", "c"), p, 0)
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
	n := newNodes("a", "b", "c", "a", "b", "c")
	if _, _, _, err := runOn(t, n, p, dieAt); err == nil {
		t.Errorf("dead before change %d: it does not say so", dieAt)
	}
	if set, made := n.api.get("statefulsets", "demo-mirror").(*appsv1.StatefulSet); made {
		gatesLeft = plan.IsGated(&set.Spec.Template.Spec)
		for _, pod := range n.api.names("pods") {
			gatesLeft = gatesLeft || plan.IsGated(&n.api.get("pods", pod).(*corev1.Pod).Spec)
		}
		previews, err := n.api.served(t).Preview(t.Context(), p)
		if err != nil || gatesLeft && previews[0].Finding.State == Done {
			t.Errorf("dead before change %d: nobody is told that gates are left; error %v", dieAt, err)
		}
	}
	if _, _, _, err := runOn(t, n, p, 0); err != nil {
		t.Errorf("dead before change %d: the next one fails: %v", dieAt, err)
	}
	if got := strings.Join(n.mirrors(t), " "); got != "b c a c a b" {
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
		c := wide(t, 6)
		change(c)
		n := newNodes("a", "b", "c", "a", "b", "c")
		if _, _, _, err := runOn(t, n, sets(t, c), 0); err != nil || n.gated > 0 {
			t.Errorf("%s: %d pods were held back, error %v", name, n.gated, err)
		}
	}
	n := newNodes("a", "b", "c", "a", "b", "c")
	c := wide(t, 6)
	if _, _, _, err := runOn(t, n, sets(t, c), 0); err != nil || n.gated != 6 {
		t.Fatalf("%d pods were held back, error %v", n.gated, err)
	}
	c.Spec.Segments.PriorityClassName = "high"
	if _, outcome, _, err := runOn(t, n, sets(t, c), 0); err != nil || outcome.Changed != 1 || n.gated != 6 {
		t.Errorf("a change: %d steps, %d pods were held back, error %v", outcome.Changed, n.gated, err)
	}
}

// Primaries that get no node keep the mirrors waiting for a while only.
func TestMirrorsGoOnWithoutNodes(t *testing.T) {
	n := newNodes("a", "b", "c", "a", "b", "")
	action := sets(t, wide(t, 6)).Steps[0].Action.(plan.Apply)
	target := n.api.served(t)
	h := &spreadHandler{applyHandler{target: target, action: action}, 200 * time.Millisecond}
	var lines []string
	if err := h.Do(t.Context(), func(line string) { lines = append(lines, line) }); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(n.mirrors(t), " "); got != "b c a c a a" {
		t.Errorf("the mirrors are on %s", got)
	}
	if said := strings.Join(lines, "\n"); !strings.Contains(said, "1 of 12 pods have no node yet") || !strings.Contains(said, "pod demo-primary-5") {
		t.Errorf("said: %s", said)
	}
}

// A node is known as soon as it has been chosen, though the volume is still to be made there. What a claim of an earlier
// cluster says is of the past.
func TestMirrorsWhileVolumesAreMade(t *testing.T) {
	n := newNodes("a", "b", "c", "a", "b", "")
	selected := map[string]string{"volume.kubernetes.io/selected-node": "c"}
	n.api.put(&corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "data-demo-primary-5", Labels: plan.Labels(ref.Name), Annotations: selected},
		Status: corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimBound}})
	action := sets(t, wide(t, 6)).Steps[0].Action.(plan.Apply)
	target := n.api.served(t)
	h := &spreadHandler{applyHandler{target: target, action: action}, time.Minute}
	done := make(chan error)
	go func() { done <- h.Do(t.Context(), func(string) {}) }()
	select {
	case err := <-done:
		t.Fatalf("it believed a claim that has its volume: %v", err)
	case <-time.After(300 * time.Millisecond):
	}
	// The volume is there at once, and the pod still has no node.
	for _, phase := range []corev1.PersistentVolumeClaimPhase{corev1.ClaimPending, corev1.ClaimBound} {
		n.api.put(&corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "data-demo-primary-5", Labels: plan.Labels(ref.Name), Annotations: selected},
			Status: corev1.PersistentVolumeClaimStatus{Phase: phase}})
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(n.mirrors(t), " "); got != "b c a c a b" {
		t.Errorf("the mirrors are on %s", got)
	}
}

// On two nodes there is nothing to wait for.
func TestMirrorsNotHeldOnTwoNodes(t *testing.T) {
	for _, nodes := range []int{2, 3} {
		n := newNodes("a", "b", "a", "b")
		world := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/api/v1/nodes" {
				n.api.ServeHTTP(w, r)
				return
			}
			respond(w, &corev1.NodeList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "NodeList"}, Items: make([]corev1.Node, nodes)}, nil)
		})
		url, stop := serveAt(world)
		t.Cleanup(stop)
		target := targetAt(t, url)
		h := &spreadHandler{applyHandler{target: target, action: sets(t, wide(t, 4)).Steps[0].Action.(plan.Apply)}, time.Minute}
		if err := h.Do(t.Context(), func(string) {}); err != nil {
			t.Errorf("%d nodes: %v", nodes, err)
		}
		if held := n.gated > 0; held != (nodes > 2) {
			t.Errorf("%d nodes: %d pods were held back", nodes, n.gated)
		}
	}
}

// What the scheduler did otherwise is said and is no failure.
func TestMirrorsCrowded(t *testing.T) {
	n := newNodes("a", "b", "c", "a", "b", "c")
	stored := n.api.stored
	n.api.stored = func(object plan.Object) []plan.Object {
		if pod, ok := object.(*corev1.Pod); ok && len(pod.Spec.SchedulingGates) == 0 && pod.Spec.NodeName == "" {
			pod.Spec.NodeName = n.nodes[pod.Name]
			n.api.tell(key("pods", pod.Name), "MODIFIED", pod)
		}
		return stored(object)
	}
	_, _, lines, err := runOn(t, n, sets(t, wide(t, 6)), 0)
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
	n := newNodes("a", "b", "c", "a", "b", "c")
	c := wide(t, 6)
	own := corev1.PreferredSchedulingTerm{Weight: 7, Preference: corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{
		{Key: "disk", Operator: corev1.NodeSelectorOpIn, Values: []string{"ssd"}}}}}
	c.Spec.PodTemplate = &corev1.PodTemplateSpec{Spec: corev1.PodSpec{Affinity: &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
		PreferredDuringSchedulingIgnoredDuringExecution: []corev1.PreferredSchedulingTerm{own}}}}}
	if _, _, _, err := runOn(t, n, sets(t, c), 0); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(n.mirrors(t), " "); got != "b c a c a b" {
		t.Errorf("the mirrors are on %s", got)
	}
	pod := n.api.get("pods", "demo-mirror-0").(*corev1.Pod)
	terms := pod.Spec.Affinity.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution
	if len(terms) != 2 || !cmp.Equal(terms[0], own) {
		t.Errorf("the pod prefers %v", terms)
	}
}
