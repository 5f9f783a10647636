package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/plan"
)

// mirrors is the mirrors' StatefulSet of a plan.
func mirrors(t *testing.T, p plan.Plan) *appsv1.StatefulSet {
	t.Helper()
	for _, object := range p.Objects() {
		if set, ok := object.(*appsv1.StatefulSet); ok && set.Name == "demo-mirror" {
			return set
		}
	}
	t.Fatal("no mirrors")
	return nil
}

// The gate is in the first pods' template alone; the plan, and so every preview and every difference, is without.
func TestGated(t *testing.T) {
	c := load(t, "mirrored")
	set := mirrors(t, create(t, c))
	if plan.IsGated(&set.Spec.Template.Spec) {
		t.Error("the plan has the gate")
	}
	gated, err := plan.Gated(set)
	if err != nil {
		t.Fatal(err)
	}
	if !plan.IsGated(&gated.Spec.Template.Spec) {
		t.Error("it has no gate")
	}
	gated.Spec.Template.Spec.SchedulingGates = nil
	if diff := cmp.Diff(set, gated); diff != "" {
		t.Errorf("it differs in more than the gate:\n%s", diff)
	}
}

// What else holds a pod back, and what else it prefers, stays.
func TestReleased(t *testing.T) {
	set := mirrors(t, create(t, load(t, "mirrored")))
	gated, err := plan.Gated(set)
	if err != nil {
		t.Fatal(err)
	}
	other := set.DeepCopy()
	other.Spec.Template.Spec.PriorityClassName = "high"
	pod := &corev1.Pod{Spec: gated.Spec.Template.Spec}
	quota := pod.DeepCopy()
	quota.Spec.SchedulingGates = append(quota.Spec.SchedulingGates, corev1.PodSchedulingGate{Name: "example.org/quota"})
	picky := pod.DeepCopy()
	picky.Spec.Affinity.NodeAffinity = &corev1.NodeAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.PreferredSchedulingTerm{{Weight: 1}}}
	const labels = `"metadata":{"labels":{"controller-revision-hash":"demo-mirror-5f"}},`
	const wish = `{"weight":100,"preference":{"matchFields":[{"key":"metadata.name","operator":"In","values":["node2"]}]}}`
	for _, test := range []struct {
		name string
		pod  *corev1.Pod
		set  *appsv1.StatefulSet
		node string
		want string
	}{
		{"with a wish", pod, set, "node2",
			`{` + labels + `"spec":{"affinity":{"nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[` + wish + `]}},"schedulingGates":[]}}`},
		{"without", pod, set, "", `{` + labels + `"spec":{"schedulingGates":[]}}`},
		{"made for another file", pod, other, "", `{"spec":{"schedulingGates":[]}}`},
		{"held back by others too", quota, set, "", `{` + labels + `"spec":{"schedulingGates":[{"name":"example.org/quota"}]}}`},
		{"with a preference of its own", picky, set, "node2",
			`{` + labels + `"spec":{"affinity":{"nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"weight":1,"preference":{}},` + wish +
				`]}},"schedulingGates":[]}}`},
	} {
		patch, err := plan.Released(test.pod, test.node, test.set, "demo-mirror-5f")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, string(patch)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}
