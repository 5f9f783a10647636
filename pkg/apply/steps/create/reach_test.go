package create

import (
	"errors"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/test/apitest"
	"gpk/test/roomtest"
)

// start does not wait for the standby's host.
func TestStandbyHostIsSpare(t *testing.T) {
	both := []string{"demo-coordinator-0.demo", "demo-coordinator-1.demo"}
	for i, acts := range []string{"demo-coordinator-0", "demo-coordinator-1"} {
		h := &reachHandler{action: plan.Reach{From: acts, Hosts: append(slices.Clone(both), "demo-primary-0.demo"), Spare: both}}
		if got := h.needed(); !slices.Equal(got, []string{both[i], "demo-primary-0.demo"}) {
			t.Errorf("from %s: %q", acts, got)
		}
	}
}

// Whose pods do not find the DNS domain is told which field to give, and which command makes new pods.
func TestWrongDomain(t *testing.T) {
	told, ok := errors.AsType[*engine.NextError](wrongDomain(errors.New("a: no address, and … does not name the cluster's domain, as spec.network.clusterDomain can")))
	if !ok || !strings.Contains(told.Next.String(), "give spec.network.clusterDomain") || !strings.Contains(told.Next.String(), "gpk delete") {
		t.Errorf("%+v", told)
	}
	for _, err := range []error{nil, errors.New("the DNS has no address for it")} {
		if got := wrongDomain(err); !errors.Is(got, err) || errors.Unwrap(got) != nil {
			t.Errorf("of %v: %v", err, got)
		}
	}
}

// A mesh that has put its container into a pod is named, with what keeps it out.
func TestMeshIsBlamed(t *testing.T) {
	a := apitest.New()
	pod := apitest.Pod("demo-primary-0", apitest.Runs(), true)
	a.Put(pod)
	h := &reachHandler{pods: roomtest.New(t, apitest.ConfigOf(a)).Pods}
	failure := errors.New("no answer")
	if got := h.blameMesh(t.Context(), failure); !errors.Is(got, failure) || errors.Unwrap(got) != nil {
		t.Errorf("without a mesh: %v", got)
	}
	pod = pod.DeepCopy()
	pod.Name = "demo-primary-1"
	pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: "istio-proxy"})
	a.Put(pod)
	got, ok := errors.AsType[*engine.NextError](h.blameMesh(t.Context(), failure))
	if !ok || !errors.Is(got, failure) || !strings.Contains(got.Error(), "pod demo-primary-1 has a container istio-proxy") ||
		!strings.Contains(got.Next.String(), `spec.podTemplate.metadata: {labels: {sidecar.istio.io/inject: "false"}}`) {
		t.Errorf("%+v", got)
	}
	if h.blameMesh(t.Context(), nil) != nil {
		t.Error("a network that works is blamed")
	}
}
