package objects

import (
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"gpk/pkg/plan"
	"gpk/test/apitest"
	"gpk/test/roomtest"
)

// Primaries that get no node keep the mirrors waiting for a while only.
func TestMirrorsGoOnWithoutNodes(t *testing.T) {
	n := apitest.NewNodes("a", "b", "c", "a", "b", "")
	action := apitest.Sets(t, apitest.Wide(t, 6)).Steps[0].Action.(plan.Apply)
	target := roomtest.New(t, apitest.Served(t, n.API))
	h := &spreadHandler{applyHandler{kube: target.Kube, action: action}, target.Pods, time.Second}
	var lines []string
	if err := h.Do(t.Context(), func(line string) { lines = append(lines, line) }); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(n.Mirrors(t), " "); got != "b c a c a a" {
		t.Errorf("the mirrors are on %s", got)
	}
	if said := strings.Join(lines, "\n"); !strings.Contains(said, "1 of 12 pods are not scheduled yet") || !strings.Contains(said, "pod demo-primary-5") {
		t.Errorf("said: %s", said)
	}
}

// A node is known as soon as it has been chosen, though the volume is still to be made there. What a claim of an earlier
// cluster says is of the past.
func TestMirrorsWhileVolumesAreMade(t *testing.T) {
	n := apitest.NewNodes("a", "b", "c", "a", "b", "")
	selected := map[string]string{"volume.kubernetes.io/selected-node": "c"}
	n.API.Put(&corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "data-demo-primary-5", Labels: plan.Labels(apitest.Ref.Name), Annotations: selected},
		Status: corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimBound}})
	action := apitest.Sets(t, apitest.Wide(t, 6)).Steps[0].Action.(plan.Apply)
	target := roomtest.New(t, apitest.Served(t, n.API))
	h := &spreadHandler{applyHandler{kube: target.Kube, action: action}, target.Pods, time.Minute}
	done := make(chan error)
	go func() { done <- h.Do(t.Context(), func(string) {}) }()
	select {
	case err := <-done:
		t.Fatalf("it believed a claim that has its volume: %v", err)
	case <-time.After(300 * time.Millisecond):
	}
	// The volume is there at once, and the pod still has no node.
	for _, phase := range []corev1.PersistentVolumeClaimPhase{corev1.ClaimPending, corev1.ClaimBound} {
		n.API.Put(&corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "data-demo-primary-5", Labels: plan.Labels(apitest.Ref.Name), Annotations: selected},
			Status: corev1.PersistentVolumeClaimStatus{Phase: phase}})
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(n.Mirrors(t), " "); got != "b c a c a b" {
		t.Errorf("the mirrors are on %s", got)
	}
}

// On two nodes there is nothing to wait for.
func TestMirrorsNotHeldOnTwoNodes(t *testing.T) {
	for _, nodes := range []int{2, 3} {
		n := apitest.NewNodes("a", "b", "a", "b")
		world := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/api/v1/nodes" {
				n.API.ServeHTTP(w, r)
				return
			}
			apitest.Respond(w, &corev1.NodeList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "NodeList"}, Items: make([]corev1.Node, nodes)}, nil)
		})
		url, stop := apitest.ServeAt(world)
		t.Cleanup(stop)
		target := roomtest.New(t, &rest.Config{Host: url})
		h := &spreadHandler{applyHandler{kube: target.Kube, action: apitest.Sets(t, apitest.Wide(t, 4)).Steps[0].Action.(plan.Apply)}, target.Pods, time.Minute}
		if err := h.Do(t.Context(), func(string) {}); err != nil {
			t.Errorf("%d nodes: %v", nodes, err)
		}
		if held := n.Gated > 0; held != (nodes > 2) {
			t.Errorf("%d nodes: %d pods were held back", nodes, n.Gated)
		}
	}
}
