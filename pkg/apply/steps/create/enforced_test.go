package create

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/test/apitest"
	"gpk/test/roomtest"
)

// probing is a cluster whose probe says this at once, and the handler that makes the pod.
func probing(t *testing.T, says string) (*apitest.API, *enforcedHandler) {
	t.Helper()
	c := apitest.Cluster(t)
	p, err := plan.Create(c)
	if err != nil {
		t.Fatal(err)
	}
	a := apitest.New()
	h := &enforcedHandler{}
	for _, step := range p.Steps {
		switch action := step.Action.(type) {
		case plan.Enforced:
			h.action = action
		case plan.Apply:
			for _, object := range action.Objects {
				if object.GetName() == c.Metadata.Name+"-scripts" {
					a.Put(object)
				}
			}
		}
	}
	on := apitest.Pod(h.action.On, apitest.Runs(), true)
	on.Spec.NodeName = "node1"
	a.Put(on)
	a.Stored = func(object plan.Object) []plan.Object {
		if pod, ok := object.(*corev1.Pod); ok && strings.Contains(pod.GenerateName, "-probe-") {
			pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: plan.Container, State: corev1.ContainerState{
				Terminated: &corev1.ContainerStateTerminated{Message: says}}}}
		}
		return nil
	}
	room := roomtest.New(t, apitest.ConfigOf(a))
	h.kube, h.store, h.pods = room.Kube, room.Store, room.Pods
	return a, h
}

// An answer counts only with the door that has to be open beside those that have to be closed. It is noted, and asked for once.
func TestEnforced(t *testing.T) {
	_, h := probing(t, "")
	clients, first, second := h.action.Doors.Clients, h.action.Doors.Closed[0], h.action.Doors.Closed[1]
	for name, test := range map[string]struct{ says, noted, told string }{
		"enforced":        {"open " + clients + "\nclosed " + first + "\nclosed " + second + "\nend\n", plan.NetworkEnforced, ""},
		"not enforced":    {"open " + clients + "\nopen " + first + "\nclosed " + second + "\nend\n", plan.NetworkOpen, "is any role of the database"},
		"nothing is open": {"closed " + clients + "\nclosed " + first + "\nclosed " + second + "\nend\n", plan.NetworkUnknown, "did not reach " + clients},
		"cut off":         {"open " + clients + "\nclosed " + first + "\n", plan.NetworkUnknown, "could not find out"},
		"another answer":  {"open " + clients + "\nclosed " + first + "\nend\n", plan.NetworkUnknown, "no answer about " + second},
	} {
		a, h := probing(t, test.says)
		if finding, err := h.Check(t.Context()); err != nil || finding.State != engine.Pending {
			t.Errorf("%s: at first %+v, error %v", name, finding, err)
		}
		if err := h.Do(t.Context(), func(string) {}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if state, err := h.store.State(t.Context()); err != nil || state[plan.StateNetwork] != test.noted || state[plan.StateTerm] != "" {
			t.Errorf("%s: noted %v, error %v", name, state, err)
		}
		finding, err := h.Check(t.Context())
		if said := strings.Join(finding.Details, "; "); err != nil || finding.State != engine.Done || !strings.Contains(said, test.told) || (said == "") != (test.told == "") {
			t.Errorf("%s: %+v, error %v", name, finding, err)
		}
		for _, pod := range a.Names("pods") {
			if strings.Contains(pod, "probe") {
				t.Errorf("%s: pod %s is left", name, pod)
			}
		}
	}
}

// The pod that tries is selected by nothing that selects the cluster's, and has none of its secrets.
func TestProbeIsAStranger(t *testing.T) {
	_, h := probing(t, "")
	for name, value := range plan.Labels("demo") {
		if name != "app.kubernetes.io/instance" && name != plan.ManagedLabel && h.action.Pod.Labels[name] == value {
			t.Errorf("it has the label %s=%s", name, value)
		}
	}
	for _, volume := range h.action.Pod.Spec.Volumes {
		if volume.Secret != nil {
			t.Errorf("it mounts Secret/%s", volume.Secret.SecretName)
		}
	}
}
