package byhand

import (
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

func TestManifestsAreFilledIn(t *testing.T) {
	set := &appsv1.StatefulSet{}
	if err := decode("statefulset.yaml", set, "ROLE", "mirror", "REPLICAS", "3", "IMAGE", "registry.example/greenplum:7"); err != nil {
		t.Fatal(err)
	}
	container := set.Spec.Template.Spec.Containers[0]
	if set.Name != "mirror" || *set.Spec.Replicas != 3 || container.Image != "registry.example/greenplum:7" {
		t.Errorf("%s, %d replicas of %s", set.Name, *set.Spec.Replicas, container.Image)
	}
	service := &corev1.Service{}
	if err := decode("service.yaml", service); err != nil {
		t.Fatal(err)
	}
	if service.Name != set.Spec.ServiceName || service.Spec.Selector["app"] != set.Spec.Template.Labels["app"] {
		t.Errorf("service %s of %v does not name pods of %s with %v", service.Name, service.Spec.Selector, set.Name, set.Spec.Template.Labels)
	}
}

func TestPods(t *testing.T) {
	got := Pods([]Role{{"coordinator", 2}, {"primary", 1}})
	if want := []string{"coordinator-0", "coordinator-1", "primary-0"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
