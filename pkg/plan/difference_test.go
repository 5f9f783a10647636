package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

// Fields come in the order in which their types declare them, maps by key, and items of lists by name.
func TestDifferences(t *testing.T) {
	pods := func(memory string, labels map[string]string, containers ...corev1.Container) *appsv1.StatefulSet {
		set := &appsv1.StatefulSet{}
		set.Labels = labels
		set.Spec.Template.Spec.Containers = containers
		set.Spec.Template.Spec.NodeSelector = labels
		set.Spec.Template.Spec.Overhead = corev1.ResourceList{"memory": resource.MustParse(memory)}
		return set
	}
	from := pods("1Gi", map[string]string{"zone": "a", "disk": "ssd"},
		corev1.Container{Name: "database", Args: []string{"-v"}}, corev1.Container{Name: "exporter", Image: "old"})
	to := pods("1024Mi", map[string]string{"zone": "b"},
		corev1.Container{Name: "exporter", Image: "new"}, corev1.Container{Name: "database", Args: []string{"-v", "<x>"}})
	want := []plan.Difference{
		{Field: "metadata.labels[disk]", From: "ssd"},
		{Field: "metadata.labels[zone]", From: "a", To: "b"},
		{Field: "spec.template.spec.containers[database].args", From: `["-v"]`, To: `["-v","<x>"]`},
		{Field: "spec.template.spec.containers[exporter].image", From: "old", To: "new"},
		{Field: "spec.template.spec.nodeSelector[disk]", From: "ssd"},
		{Field: "spec.template.spec.nodeSelector[zone]", From: "a", To: "b"},
	}
	if diff := cmp.Diff(want, plan.Differences(from, to)); diff != "" {
		t.Error(diff)
	}
	if same := plan.Differences(from, from.DeepCopy()); same != nil {
		t.Errorf("a copy differs: %v", same)
	}
}

// Several mounts of one volume are told apart by their places.
func TestDifferencesOfMounts(t *testing.T) {
	container := func(places ...string) corev1.Container {
		var c corev1.Container
		for _, place := range places {
			c.VolumeMounts = append(c.VolumeMounts, corev1.VolumeMount{Name: "user", MountPath: place, SubPath: "own"})
		}
		return c
	}
	want := []plan.Difference{
		{Field: "volumeMounts[/home].name", To: "user"}, {Field: "volumeMounts[/home].mountPath", To: "/home"}, {Field: "volumeMounts[/home].subPath", To: "own"},
	}
	if diff := cmp.Diff(want, plan.Differences(container("/tmp"), container("/home", "/tmp"))); diff != "" {
		t.Error(diff)
	}
}

// What is absent has no text, and an item without a name is known by its place.
func TestDifferencesOfAbsent(t *testing.T) {
	from, to := &topology.Cluster{}, &topology.Cluster{}
	to.Spec.Coordinator.Standby = new(false)
	to.Spec.Segments.Tolerations = []corev1.Toleration{{Key: "database"}}
	to.Spec.Segments.Storage.Size = new(resource.MustParse("1Gi"))
	want := []plan.Difference{
		{Field: "spec.coordinator.standby", To: "false"},
		{Field: "spec.segments.tolerations[0].key", To: "database"},
		{Field: "spec.segments.storage.size", To: "1Gi"},
	}
	if diff := cmp.Diff(want, plan.Differences(from, to)); diff != "" {
		t.Error(diff)
	}
}
